"""One deployment at a time for each component of a server."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.failure import Failure


@contextmanager
def held(path: Path, purpose: str, patience: float = 60.0) -> Iterator[None]:
    """Hold the lock while the block runs; raises Failure naming who held it for `patience` seconds.

    The kernel lets go when the last process that inherited it ends: after kill -9 too, but not
    before an orphaned child has stopped touching the component.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        take(descriptor, path, patience)
        os.set_inheritable(descriptor, True)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{purpose}, process {os.getpid()}".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def take(descriptor: int, path: Path, patience: float) -> None:
    until = time.monotonic() + patience
    waiting = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 200, 0).decode(errors="replace")
        else:
            return
        if time.monotonic() > until:
            raise Failure(f"{path.parent.name} is busy: {holder}; waited {patience:.0f} s")
        if not waiting:
            print(f"waiting until this is done: {holder}", flush=True)
            waiting = True
        time.sleep(0.05)
