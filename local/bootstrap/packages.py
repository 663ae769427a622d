"""The Debian packages that a command needs, and how the missing ones are installed.

Standard library only: this runs before the virtual environment exists.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from local.errors import CommandError
from servers.debian_releases import DebianRelease, UnsupportedRelease, of_this_machine

Command = tuple[str, ...]

BUILD = (
    "asciidoctor",
    "composer",
    "git",
    "npm",
    "openssh-client",
    "php-codesniffer",
    "python3-pip",
    "unzip",
)
MASTER = ("libjs-chart.js", "libnss-wrapper")
TESTS = ("chromium", "gpg", "gpg-agent", "pebble", "quilt", "shellcheck")

UPDATE = ("apt-get", "update")
INSTALL = ("apt-get", "install", "--yes", "--no-install-recommends")
INSTALL_FROM_OLDER = Path(__file__).with_name("install_from_older.sh")
QUIETLY = ("env", "DEBIAN_FRONTEND=noninteractive", "SYSTEMD_OFFLINE=1")
"""No questions, and no service of the system starts: ours run as programs of our own.

https://systemd.io/ENVIRONMENT: with SYSTEMD_OFFLINE, systemctl does not talk to the manager.
"""
FORMAT = "${db:Status-Status}\t${Package}\t${Provides}\n"
UNITS = "/lib/systemd/system/"


def of_installation(release: DebianRelease) -> tuple[str, ...]:
    """What a machine with a master, workers and servers needs."""
    return (*release.server_packages, *BUILD, *MASTER)


def to_run() -> tuple[str, ...]:
    """What this machine needs; raises CommandError when it has another release of Debian."""
    return of_installation(this_release())


def to_test() -> tuple[str, ...]:
    return (*to_run(), *TESTS)


def this_release() -> DebianRelease:
    try:
        return of_this_machine()
    except UnsupportedRelease as error:
        raise CommandError(f"this machine {error}") from None


def ensure(packages: Iterable[str]) -> None:
    """Install the missing packages; raises CommandError with the command to run manually."""
    absent = missing(packages, installed())
    if not absent:
        return
    commands = install_commands(absent, this_release())
    privilege = privilege_for(commands)
    print(f"Installing Debian packages: {' '.join(absent)}", flush=True)
    for command in commands:
        apt((*privilege, *QUIETLY, *command), commands)
    if services := service_units(absent):
        apt((*privilege, *QUIETLY, "systemctl", "--quiet", "disable", *services), commands)


def installed() -> frozenset[str]:
    """The names of the installed packages, and of those that they provide."""
    query = ("dpkg-query", "--show", "--showformat", FORMAT)
    try:
        listing = subprocess.run(query, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        raise CommandError(
            "this is not a Debian machine; Slipway's local profile needs one"
        ) from None
    return frozenset(name for line in listing.splitlines() for name in provided_names(line))


def provided_names(line: str) -> tuple[str, ...]:
    """The package of a line in FORMAT and those that it provides; none if it is not installed.

    Node.js from another source provides npm, and conflicts with Debian's package of that name.
    """
    status, package, provides = line.split("\t")
    if status != "installed":
        return ()
    # Such as `npm (= 9.2.0), node-types:any`: only names count.
    provided = (
        re.split(r"[\s:(]", name.strip())[0] for name in provides.split(",") if name.strip()
    )
    return (package, *provided)


def missing(packages: Iterable[str], present: frozenset[str]) -> tuple[str, ...]:
    """The packages that are not present, sorted."""
    return tuple(sorted(set(packages) - present))


def install_commands(
    packages: Sequence[str], release: DebianRelease, script: Path = INSTALL_FROM_OLDER
) -> list[Command]:
    """The commands that install packages, to be run as root; `script` is where they are run."""
    own = [package for package in packages if package not in release.from_older]
    install = [(*INSTALL, *own)] if own else []
    older = (
        ("sh", str(script), codename, package)
        for package, codename in release.from_older.items()
        if package in packages
    )
    return [UPDATE, *install, *older]


def to_be_run(commands: Iterable[Command]) -> str:
    """What somebody without the right to do it asks root for."""
    return f"as root, run: {' && '.join(map(shlex.join, commands))}"


def privilege_for(commands: Iterable[Command]) -> Command:
    """The prefix of a command that changes the system: none for root, else sudo."""
    if os.geteuid() == 0:
        return ()
    sudo = shutil.which("sudo")
    if sudo and (sys.stdin.isatty() or succeeds((sudo, "--non-interactive", "true"))):
        return (sudo,)
    raise CommandError(f"Debian packages are missing; {to_be_run(commands)}")


def succeeds(command: tuple[str, ...]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def apt(command: Command, commands: Iterable[Command]) -> None:
    """Run one of these commands; raises CommandError with its last error, and all of them."""
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        errors = [line for line in result.stderr.splitlines() if line.strip()]
        reason = errors[-1] if errors else f"status {result.returncode}"
        raise CommandError(f"{reason} ({to_be_run(commands)})")


def service_units(packages: Iterable[str]) -> tuple[str, ...]:
    """The services that these packages would start at the next boot."""
    listing = subprocess.run(
        ("dpkg-query", "--listfiles", *packages), capture_output=True, text=True, check=True
    ).stdout
    files = (Path(line) for line in listing.splitlines() if UNITS in line)
    return tuple(sorted(path.name for path in files if path.suffix == ".service"))
