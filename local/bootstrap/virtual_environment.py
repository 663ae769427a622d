"""The Python packages of a lock file, installed once and again only when the lock changes.

Standard library only: this creates the virtual environment.
"""

import fcntl
import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from local.bootstrap import folders
from local.errors import CommandError

PYTHON = "/usr/bin/python3"
"""Debian's own: a service user cannot run an interpreter in somebody's home directory."""

STAMP = "lock.sha256"
"""A file in it with what it was made of."""

UNREACHABLE = ("Connection", "resolution", "from versions: none")
"""Signs in pip's output that the registry does not answer; pip has no error for it."""


def ensure(
    folder: Path, lock: Path, environment: Mapping[str, str], checkout: Path | None = None
) -> None:
    """Have exactly the packages of `lock` in the virtual environment `folder`.

    The checkout is installed as editable, for its entry points: the Releases page, `slipway`.
    Commands that start at the same time wait for the one that installs.
    """
    project = (checkout / "pyproject.toml").read_bytes() + bytes(checkout) if checkout else b""
    digest = hashlib.sha256(lock.read_bytes() + project).hexdigest()
    if is_installed(folder, digest):
        return
    with locked(folder):
        if not is_installed(folder, digest):
            install(folder, lock, environment, checkout)
            (folder / STAMP).write_text(digest)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let only one command at a time change a folder; no file beside it, where others may write."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def is_installed(folder: Path, digest: str) -> bool:
    stamp = folder / STAMP
    return stamp.is_file() and stamp.read_text() == digest


def install(
    folder: Path, lock: Path, environment: Mapping[str, str], checkout: Path | None
) -> None:
    count = sum("==" in line for line in lock.read_text().splitlines())
    print(f"Installing {count} Python packages from {lock.name} into {folder}", flush=True)
    folders.empty(folder)
    pip = (f"{folder}/bin/python", "-m", "pip", "--quiet", "install")
    run((PYTHON, "-m", "venv", f"{folder}"), environment)
    run((*pip, "--require-hashes", "--requirement", f"{lock}"), environment)
    if checkout:
        editable = ("--no-deps", "--no-build-isolation", "--editable", f"{checkout}")
        run((*pip, *editable), environment)


def run(command: tuple[str, ...], environment: Mapping[str, str]) -> None:
    """Run pip or venv; raises CommandError with the most useful line of its output."""
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if result.returncode:
        raise CommandError(f"no Python packages: {pip_error(result.stdout + result.stderr)}")


def pip_error(output: str) -> str:
    """The most useful line: the first for a registry that does not answer, else the last error."""
    errors = [line for line in output.splitlines() if line.startswith("ERROR:")]
    lines = [line for line in output.splitlines() if line.strip()]
    if any(sign in line for line in lines for sign in UNREACHABLE):
        return f"the package registry does not answer ({(errors or lines)[0][:200]})"
    return (errors or lines or ["there was no output"])[-1].removeprefix("ERROR: ")
