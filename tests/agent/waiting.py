"""Wait for conditions, and see whether a process has ended."""

from collections.abc import Callable
from pathlib import Path

from cloud import polling


def wait_until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """The test fails when the condition is not met in time."""
    assert polling.wait_until(lambda: bool(condition()), seconds, 0.005), "waited in vain"


def has_ended(process: int) -> bool:
    """Also true for a zombie, because an orphan's new parent may never reap it."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].startswith("Z")
    except OSError:
        return True
