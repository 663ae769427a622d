"""The packages of a Debian release, by apt: their versions, and the files that mirrors need."""

import platform
import re
import shlex
import subprocess
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from local.mirrors import other_release
from local.mirrors.git_commands import MirrorError, run

NEW_KEYRING = "install the newest debian-archive-keyring, then run `make run` again"
AGAIN = "run `make run` again when the server can be reached; `apt-get update` renews old lists"
Needed = Callable[[Mapping[str, str]], Collection[str]]
"""By the version of each package: those whose files are needed."""


@dataclass(frozen=True)
class Packages:
    """What could be had of the packages of one Debian release."""

    versions: Mapping[str, str] = field(default_factory=dict)
    """The version of each package that apt would install on a machine of the release."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """The file of each package that is needed."""
    problem: str = ""
    """Why something is missing or may be old."""

    def have(self, names: Collection[str]) -> bool:
        """Whether all of these packages are here."""
        return all(name in self.files for name in names)


def fetch_packages(release: str, names: Collection[str], needed: Needed, cache: Path) -> Packages:
    """Download the packages that are needed, unless they are in the cache.

    On a machine of another release, apt's lists are downloaded before.
    """
    versions: dict[str, str] = {}
    problems: list[str] = []
    configuration: tuple[str, ...] = ()
    folder = cache / "apt" / release
    cache.mkdir(parents=True, exist_ok=True)
    try:
        if release != (machine := machine_release()):
            other_release.configure(release, machine, folder)
            configuration = other_release.configuration(folder)
            try:
                other_release.update(release, folder)
            except MirrorError as error:  # the lists of an earlier time are better than none
                problems.append(described(error))
        versions = candidate_versions(release, sorted(names), cache, configuration)
        wanted = {name: versions[name] for name in needed(versions) if name in versions}
        download(release, wanted, cache, configuration)
    except MirrorError as error:
        problems.append(described(error))
        other_release.forget_lists(folder)  # the server may have newer packages by now
    files = {name: file for name in versions if (file := cached_file(name, versions[name], cache))}
    return Packages(versions, files, "; ".join(problems))


def described(error: MirrorError) -> str:
    """A failure of apt, and what to do about it."""
    unsigned = re.search(r"NO_PUBKEY|not signed|signature", error.reason)
    advice = NEW_KEYRING if unsigned else AGAIN
    return f"{shlex.join(error.command)}: {error.reason}; {advice}"


def machine_release() -> str:
    """The code name of this machine's release."""
    return platform.freedesktop_os_release().get("VERSION_CODENAME", "")


def candidate_versions(
    release: str, names: Collection[str], cache: Path, configuration: tuple[str, ...]
) -> dict[str, str]:
    """The version that apt would install of each package that it knows."""
    if not names:
        return {}
    # In container images apt has no such file, and reads every list again each time.
    cache_file = f"Dir::Cache::pkgcache={cache.absolute() / f'{release}.bin'}"
    command = ("apt-cache", *configuration, "--option", cache_file, "policy", *names)
    policy = run(f"Debian {release}", command)
    stanza = re.compile(r"^(\S+):\n(?:  .*\n)*?  Candidate: (?!\(none\))(\S+)$", re.MULTILINE)
    return dict(stanza.findall(policy))


def cached_file(package: str, version: str, cache: Path) -> Path | None:
    # apt percent-encodes the version in a file's name
    pattern = f"{package}_{quote(version, safe='+~').lower()}_*.deb"
    return next(cache.glob(pattern), None)


def download(
    release: str, wanted: Mapping[str, str], cache: Path, configuration: tuple[str, ...]
) -> None:
    """Download the files that the cache lacks; raises MirrorError, and keeps those that came."""
    missing = [
        f"{package}={version}"
        for package, version in wanted.items()
        if not cached_file(package, version, cache)
    ]
    if not missing:
        return
    with TemporaryDirectory(prefix="downloading-", dir=cache) as folder:
        options = ("-q", "-o", "Acquire::Retries=1")
        try:
            command = ("apt-get", *configuration, *options, "download", *missing)
            run(f"Debian {release}", command, Path(folder))
        finally:
            for file in Path(folder).glob("*.deb"):
                file.rename(cache / file.name)


def upstream_version(version: str) -> str:
    """`1:1.39.17-1+deb12u2` -> `1.39.17`, `6.1.9+dfsg1-0+deb12u1` -> `6.1.9`."""
    return re.split(r"[-+~]", re.sub(r"^\d+:", "", version))[0]


def is_newer(version: str, present: str) -> bool:
    """Whether a Debian version is later than another."""
    command = ("dpkg", "--compare-versions", version, "gt", present)
    return subprocess.run(command, check=False).returncode == 0
