"""The lock that allows one verb at a time for each component of a server."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from agent.errors import AgentError


@contextmanager
def exclusive(path: Path, purpose: str, timeout: float = 60.0) -> Iterator[None]:
    """Hold the lock during the block; raises AgentError naming the holder after `timeout` seconds.

    The kernel releases the lock when the last process that inherited it ends. So a kill -9 releases
    it too, but an orphaned child keeps it as long as it may still change the component.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        acquire(descriptor, path, timeout)
        os.set_inheritable(descriptor, True)
        os.ftruncate(descriptor, 0)
        with suppress(OSError):  # on a full disk, others wait without a name of the holder
            os.pwrite(descriptor, f"{purpose}, process {os.getpid()}".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def acquire(descriptor: int, path: Path, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    is_announced = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 200, 0).decode(errors="replace")
        else:
            return
        if time.monotonic() > deadline:
            raise AgentError(f"{path.parent.name} is busy: {holder}; waited {timeout:.0f} s")
        if not is_announced:
            print(f"waiting until this is done: {holder}", flush=True)
            is_announced = True
        time.sleep(0.05)
