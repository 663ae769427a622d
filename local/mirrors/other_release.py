"""apt for another Debian release than this machine's, with lists and settings of its own.

The lists come from the servers that this machine's own apt uses, and the machine's Debian archive
keyring verifies them. The machine's own sources, lists and preferences stay as they are.
"""

import time
from pathlib import Path

from local.mirrors.git_commands import MirrorError, run

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
PARTS = ("", "-updates", "-security")
"""What follows the code name in the names of the suites that make up a stable release."""
UPDATED = "updated"
"""A file that is as old as the lists."""
RENEW_AFTER = 24 * 60 * 60
"""Seconds; a newer list is downloaded."""
SETTINGS = """\
Dir::State "{folder}/state";
Dir::State::status "/dev/null";
Dir::Cache "{folder}/cache";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Acquire::Retries "1";
Acquire::http::Timeout "10";
APT::Update::Error-Mode "any";
"""


def configuration(folder: Path) -> tuple[str, ...]:
    """The options by which apt uses the settings in a folder."""
    return ("--config-file", str(folder.absolute() / "apt.conf"))


def configure(release: str, machine: str, folder: Path) -> None:
    """Write apt's settings for a release into a folder.

    Raises MirrorError if the machine's apt knows no server of Debian.
    """
    folder = folder.absolute()
    options = "target=Packages pdiffs=no lang=none"
    sources = [
        f"deb [{options} signed-by={KEYRING}] {server} {release}{part} main\n"
        for server, part in machine_sources(release, machine)
    ]
    try:
        for name in ("state/lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        write_sources(folder, "".join(sources))
        (folder / "apt.conf").write_text(SETTINGS.format(folder=folder))
    except OSError as error:
        raise MirrorError(f"Debian {release}", ("write", str(folder)), str(error)) from None


def write_sources(folder: Path, sources: str) -> None:
    """Write the sources; lists of other sources do not count."""
    file = folder / "sources.list"
    if not file.exists() or file.read_text() != sources:
        forget_lists(folder)
        file.write_text(sources)


def forget_lists(folder: Path) -> None:
    """Have the lists downloaded at the next start."""
    (folder / UPDATED).unlink(missing_ok=True)


def machine_sources(release: str, machine: str) -> list[tuple[str, str]]:
    """The server and the part of the release that each of the machine's sources stands for."""
    fields = "$(ORIGIN) $(COMPONENT) $(CODENAME) $(REPO_URI)"
    command = ("apt-get", "indextargets", "--format", fields, "Created-By: Packages")

    sources: dict[tuple[str, str], None] = {}
    for line in run(f"Debian {release}", command).splitlines():
        match line.split(" "):
            case ["Debian", "main", name, server] if (part := name.removeprefix(machine)) in PARTS:
                sources[server, part] = None
    if not sources:
        reason = f"no source of Debian {machine} in /etc/apt that was read; try apt-get update"
        raise MirrorError(f"Debian {release}", command, reason)
    return list(sources)


def update(release: str, folder: Path) -> None:
    """Download the lists of packages, unless that was done a short time ago; raises MirrorError."""
    done = folder / UPDATED
    if done.exists() and time.time() - done.stat().st_mtime < RENEW_AFTER:
        return
    run(f"Debian {release}", ("apt-get", *configuration(folder), "-q", "update"))
    done.touch()
