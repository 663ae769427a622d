"""One at a time: two commands that prepare the same folder wait for each other.

Standard library only: the bootstrap uses it.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a folder; whoever else wants it waits until the end, or until we are gone."""
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
