"""The Python packages of a lock file, installed once and again only when the lock changes.

Standard library only: this makes the virtual environment itself.
"""

import hashlib
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from local.errors import CommandError

PYTHON = "/usr/bin/python3"
"""Debian's own: a service user cannot run an interpreter in somebody's home directory."""

UNREACHABLE = ("Connection", "resolution", "from versions: none")
"""What pip says about a registry that is away; it never says so itself."""


def ensure(
    folder: Path, lock: Path, environment: Mapping[str, str], checkout: Path | None = None
) -> None:
    """Make the virtual environment `folder` hold exactly what `lock` says, and a checkout of ours.

    The checkout stays where it is: only its entry points are written down, by which Buildbot finds
    the Releases page and people the command `slipway`.
    """
    stamp = folder / "lock.sha256"
    ours = (checkout / "pyproject.toml").read_bytes() + bytes(checkout) if checkout else b""
    wanted = hashlib.sha256(lock.read_bytes() + ours).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    count = sum("==" in line for line in lock.read_text().splitlines())
    print(f"Installing {count} Python packages from {lock.name} into {folder}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    pip = (f"{folder}/bin/python", "-m", "pip", "--quiet", "install")
    run((PYTHON, "-m", "venv", f"{folder}"), environment)
    run((*pip, "--require-hashes", "--requirement", f"{lock}"), environment)
    if checkout:
        editable = ("--no-deps", "--no-build-isolation", "--editable", f"{checkout}")
        run((*pip, *editable), environment)
    stamp.write_text(wanted)


def run(command: tuple[str, ...], environment: Mapping[str, str]) -> None:
    """Run one command of the installation; raises CommandError with its own complaint."""
    outcome = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if outcome.returncode:
        raise CommandError(f"no Python packages: {complaint(outcome.stdout + outcome.stderr)}")


def complaint(output: str) -> str:
    """The line that says most: pip repeats itself, and a registry that is away says so often."""
    errors = [line for line in output.splitlines() if line.startswith("ERROR:")]
    lines = [line for line in output.splitlines() if line.strip()]
    if any(sign in line for line in lines for sign in UNREACHABLE):
        return f"the package registry does not answer ({(errors or lines)[0][:200]})"
    return (errors or lines or ["nothing was said"])[-1].removeprefix("ERROR: ")
