"""Which processes belong to a cloud: those that carry its folder in their environment."""

from collections.abc import Iterator
from pathlib import Path

from local import stop
from tests.cloud.layout import MARK


def belongs(process: stop.Process, state: Path) -> bool:
    try:
        environment = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return MARK.encode() + b"=" + bytes(state) in environment


def processes(state: Path) -> Iterator[stop.Process]:
    """Those alive now. What runs inside a machine is not among them, and ends with its machine."""
    return (process for process in stop.processes() if belongs(process, state))
