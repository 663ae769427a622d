"""A full disk: which folder it is, what is free there, and a reserve for undoing a deployment."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.errors import FULL, FULL_TEXT, AgentError, free_bytes, full_message

RESERVE = 1 << 20
"""Bytes: far more than the events, links, files and rights that end a deployment or undo it."""
LEAST = 1 << 16
"""Bytes: with less than this MariaDB waits for room, and looks for it once a minute."""
FULL_SECONDS = 5
"""How long a database's disk is full before what waits for it is given up."""


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
    if free_bytes(folder) < needed:
        raise AgentError(full_message(folder, f"{needed / 1e6:,.1f} MB are needed"))
    # Some file systems, such as btrfs, do not limit the number of files, and say 0.
    if disk.f_files and disk.f_favail < files:
        details = f"{files:,} files are needed, {disk.f_favail:,} more are possible"
        raise AgentError(full_message(folder, details))


@dataclass
class FullDiskWatch:
    """Looks at the disk of a database while something waits for the database.

    On a full disk MariaDB waits for room, for hours if need be, and says so in its log only.
    """

    folder: Path
    since: float | None = None

    def __call__(self) -> None:
        """Raises AgentError when the disk has been full for some seconds."""
        if free_bytes(self.folder) >= LEAST:
            self.since = None
            return
        self.since = self.since or time.monotonic()
        if time.monotonic() - self.since > FULL_SECONDS:
            raise AgentError(full_message(self.folder, "the database waits for room"))


@dataclass(frozen=True)
class Reserve:
    """Files that keep room on the disks, so that a deployment can be undone when one is full."""

    paths: tuple[Path, ...]

    def hold(self) -> None:
        """Raises AgentError when a disk has no room for its file."""
        for path in self.paths:
            try:
                with path.open("ab") as file:
                    os.posix_fallocate(file.fileno(), 0, RESERVE)
            except OSError as error:
                path.unlink(missing_ok=True)
                if error.errno not in FULL:
                    raise OSError(error.errno, error.strerror, str(path)) from None
                needed = f"{RESERVE / 1e6:,.1f} MB are needed to undo a deployment"
                raise AgentError(full_message(path.parent, needed)) from None

    def release(self) -> None:
        """Give the room to what ends or undoes a deployment."""
        for path in self.paths:
            path.unlink(missing_ok=True)
