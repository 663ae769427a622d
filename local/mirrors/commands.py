"""The commands that make mirrors: the same on every machine, and one sentence when they fail."""

import os
import shlex
import subprocess
from collections.abc import Iterable
from pathlib import Path


class MirrorFailed(RuntimeError):
    """A mirror that could not be made or changed; one sentence with repository and command."""

    def __init__(self, repository: str, command: Iterable[str], reason: str) -> None:
        self.repository = repository
        self.command = tuple(command)
        super().__init__(f"{repository}: {shlex.join(self.command)}: {reason}")


def git(repository: str, folder: Path, *arguments: str) -> str:
    """What git prints about a mirror."""
    return run(repository, ("git", "-C", str(folder), *arguments))


def run(repository: str, command: tuple[str, ...], folder: Path | None = None) -> str:
    """What a command prints; raises MirrorFailed with its last words."""
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment(), capture_output=True, text=True, check=False
        )
    except OSError as problem:
        raise MirrorFailed(repository, command, str(problem)) from None
    if done.returncode:
        raise MirrorFailed(repository, command, last_lines(done.stderr or done.stdout))
    return done.stdout


def environment() -> dict[str, str]:
    """Ours, without what would make git or apt speak or act differently on another machine."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return kept | {
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",  # root may have made what another user now renews
        "GIT_CONFIG_VALUE_0": "*",
    }


def last_lines(output: str) -> str:
    """The end of what a failed command printed, on one line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("W: ")] or lines  # apt's asides
    return "; ".join(lines[-2:]) or "it failed without a word"
