"""A full disk: which folder it is, what is free there, and a reserve for undoing a deployment."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.errors import FULL, FULL_TEXT, AgentError, full_message

RESERVE = 1 << 20
"""Bytes: far more than the events, links and files that end a deployment or undo it."""


@contextmanager
def writing(path: Path, details: str = "") -> Iterator[None]:
    """A block that writes a file or a tree, itself or by a command.

    Raises AgentError on a full disk, which names the folder and what is free there; `details` end
    it.
    """
    try:
        yield
    except (AgentError, OSError) as error:
        full = error.errno in FULL if isinstance(error, OSError) else FULL_TEXT in str(error)
        if not full:
            raise
        details = details or f"{path.name} cannot be written"
        raise AgentError(full_message(path.parent, details)) from None


def require_space(folder: Path, needed: int, files: int) -> None:
    """Raises AgentError when a folder's disk has less space than these bytes and files need."""
    disk = os.statvfs(folder)
    if disk.f_bavail * disk.f_frsize < needed:
        raise AgentError(full_message(folder, f"{needed / 1e6:,.1f} MB are needed"))
    # Some file systems, such as btrfs, do not limit the number of files, and say 0.
    if disk.f_files and disk.f_favail < files:
        details = f"{files:,} files are needed, {disk.f_favail:,} more are possible"
        raise AgentError(full_message(folder, details))


@dataclass(frozen=True)
class Reserve:
    """A file that keeps room on the disk, so that a deployment can be undone when it is full."""

    path: Path

    def hold(self) -> None:
        """Raises AgentError when the disk has no room for it."""
        try:
            with self.path.open("ab") as file:
                os.posix_fallocate(file.fileno(), 0, RESERVE)
        except OSError as error:
            self.release()
            if error.errno not in FULL:
                raise OSError(error.errno, error.strerror, str(self.path)) from None
            needed = f"{RESERVE / 1e6:,.1f} MB are needed to undo a deployment"
            raise AgentError(full_message(self.path.parent, needed)) from None

    def release(self) -> None:
        """Give the room to what ends or undoes a deployment."""
        self.path.unlink(missing_ok=True)
