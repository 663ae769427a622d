"""Which processes belong to a cloud: those that carry its folder in their environment."""

from collections.abc import Iterator
from pathlib import Path

from agent.process_group import Process, living_processes
from tests.cloud.layout import MARK


def belongs(process: Process, state: Path) -> bool:
    try:
        environment = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return MARK.encode() + b"=" + bytes(state) in environment


def processes(state: Path) -> Iterator[Process]:
    """Those alive now. What runs inside a machine is not among them, and ends with its machine."""
    return (process for process in living_processes() if belongs(process, state))
