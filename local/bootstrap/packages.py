"""The Debian packages that a command needs, and how the missing ones are installed.

Standard library only: this runs before the virtual environment exists.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from local.errors import CommandError
from servers.debian_packages import SERVER_PACKAGES

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
MASTER = ("libjs-chart.js",)
RUN = (*SERVER_PACKAGES, *BUILD, *MASTER)
TEST = (*RUN, "chromium", "quilt", "shellcheck")

UPDATE = ("apt-get", "update", "--quiet")
INSTALL = ("apt-get", "install", "--yes", "--quiet", "--no-install-recommends")
QUIETLY = ("env", "DEBIAN_FRONTEND=noninteractive", "SYSTEMD_OFFLINE=1")
"""No questions, and no service of the system starts: ours run as programs of our own.

https://systemd.io/ENVIRONMENT: with SYSTEMD_OFFLINE, systemctl does not talk to the manager.
"""
FORMAT = "${db:Status-Status}\t${Package}\t${Provides}\n"
UNITS = "/lib/systemd/system/"


def ensure(wanted: Iterable[str]) -> None:
    """Install what is missing, saying so; raises CommandError with the command to run by hand."""
    absent = missing(wanted, installed())
    if not absent:
        return
    privilege = privilege_for(absent)
    print(f"Installing Debian packages: {' '.join(absent)}", flush=True)
    for command in ((*QUIETLY, *UPDATE), (*QUIETLY, *INSTALL, *absent)):
        apt((*privilege, *command), absent)
    if services := units(absent):
        apt((*privilege, *QUIETLY, "systemctl", "--quiet", "disable", *services), absent)


def installed() -> frozenset[str]:
    """The names of the packages on this machine, and of those that they stand for."""
    query = ("dpkg-query", "--show", "--showformat", FORMAT)
    try:
        listing = subprocess.run(query, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        raise CommandError(
            "this is not a Debian machine; Slipway's local profile needs one"
        ) from None
    return frozenset(name for line in listing.splitlines() for name in names(line))


def names(line: str) -> tuple[str, ...]:
    """What a line in our format says is there: a package and all that it provides.

    Node.js from another source brings npm, and conflicts with Debian's package of that name.
    """
    status, package, provides = line.split("\t")
    if status != "installed":
        return ()
    # Such as `npm (= 9.2.0), node-types:any`: only names count.
    given = (re.split(r"[\s:(]", name.strip())[0] for name in provides.split(",") if name.strip())
    return (package, *given)


def missing(wanted: Iterable[str], present: frozenset[str]) -> tuple[str, ...]:
    """What is wanted and not there, sorted."""
    return tuple(sorted(set(wanted) - present))


def by_hand(packages: Iterable[str]) -> str:
    """The command for somebody who may install packages."""
    install = ("apt-get", "install", "--no-install-recommends", *packages)
    return f"apt-get update && {shlex.join(install)}"


def privilege_for(packages: Iterable[str]) -> tuple[str, ...]:
    """What stands before a command that changes the system: nothing for root, else sudo."""
    if os.geteuid() == 0:
        return ()
    sudo = shutil.which("sudo")
    if sudo and (sys.stdin.isatty() or succeeds((sudo, "--non-interactive", "true"))):
        return (sudo,)
    raise CommandError(f"Debian packages are missing; as root, run: {by_hand(packages)}")


def succeeds(command: tuple[str, ...]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def apt(command: tuple[str, ...], packages: Iterable[str]) -> None:
    """Run one command of the installation; raises CommandError with apt's own last complaint."""
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode:
        complaints = [line for line in outcome.stderr.splitlines() if line.strip()]
        why = complaints[-1] if complaints else f"status {outcome.returncode}"
        raise CommandError(f"{why} (as root, run: {by_hand(packages)})")


def units(packages: Iterable[str]) -> tuple[str, ...]:
    """The services which these packages would start at the next boot."""
    listing = subprocess.run(
        ("dpkg-query", "--listfiles", *packages), capture_output=True, text=True, check=True
    ).stdout
    found = (Path(line) for line in listing.splitlines() if UNITS in line)
    return tuple(sorted(path.name for path in found if path.suffix == ".service"))
