"""The error that a verb ends with; its message is the sentence that people read."""

import errno
import os
import shutil
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)
"""The errors of a disk that is full, or of an account's part of it."""

FULL_TEXT = os.strerror(errno.ENOSPC)
"""How other programs call the first one."""


class AgentError(Exception):
    """A reason to stop a deployment, which names what to correct."""


def error_message(error: Exception) -> str:
    """The error in one sentence; an OSError's names its file, and what is free on a full disk."""
    if isinstance(error, shutil.Error):
        _, copy, reason = error.args[0][0]
        if FULL_TEXT in reason:
            return full_message(Path(copy).parent, f"{Path(copy).name} cannot be written")
        return f"{copy} cannot be written: {reason}"
    if not isinstance(error, OSError) or not error.strerror:
        expected = isinstance(error, AgentError | ValueError | OSError)
        return str(error) if expected else f"{type(error).__name__}: {error}"
    if error.filename and error.errno in FULL:
        path = Path(os.fsdecode(error.filename2 or error.filename))  # a link's or a copy's own name
        return full_message(path.parent, f"{path.name} cannot be written")
    file = f"{error.filename}: " if error.filename else ""
    return f"{file}{error.strerror}"


def full_message(folder: Path, details: str) -> str:
    """That the disk of a folder is full, and how much is free there now; `details` end it."""
    return f"{folder}: {FULL_TEXT}: {free_bytes(folder) / 1e6:,.2f} MB are free; {details}"


def free_bytes(folder: Path) -> int:
    """What is free on the disk of a folder, which need not exist yet."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    disk = os.statvfs(existing)
    return disk.f_bavail * disk.f_frsize
