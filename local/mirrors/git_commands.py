"""The commands that make mirrors, with the same environment and errors on every machine."""

import os
import shlex
import subprocess
from collections.abc import Iterable
from pathlib import Path


class MirrorError(RuntimeError):
    """A mirror cannot be made or changed; the sentence names repository and command."""

    def __init__(self, repository: str, command: Iterable[str], reason: str) -> None:
        self.repository = repository
        self.command = tuple(command)
        self.reason = reason
        super().__init__(f"{repository}: {shlex.join(self.command)}: {reason}")


def git(repository: str, folder: Path, *arguments: str) -> str:
    """Run git in a mirror; returns its output."""
    return run(repository, ("git", "-C", str(folder), *arguments))


def run(repository: str, command: tuple[str, ...], folder: Path | None = None) -> str:
    """Run a command; returns its output. Raises MirrorError with its last lines of errors."""
    try:
        result = subprocess.run(
            command, cwd=folder, env=environment(), capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise MirrorError(repository, command, str(error)) from None
    if result.returncode:
        raise MirrorError(repository, command, last_lines(result.stderr or result.stdout))
    return result.stdout


def environment() -> dict[str, str]:
    """Our environment, without variables that change the behaviour of git or apt."""
    outer = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return outer | {
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",  # another user may own the mirror
        "GIT_CONFIG_VALUE_0": "*",
    }


def last_lines(output: str) -> str:
    """The end of the output of a failed command, on one line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    # apt's warnings and notices
    lines = [line for line in lines if not line.startswith(("W: ", "N: "))] or lines
    return "; ".join(lines[-2:]) or "it failed without output"
