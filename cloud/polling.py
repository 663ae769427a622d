"""Waiting for something that happens elsewhere."""

import time
from collections.abc import Callable

INTERVAL = 0.1
"""Seconds between two questions that cost nothing."""


def wait_until(condition: Callable[[], bool], seconds: float, interval: float = INTERVAL) -> bool:
    """Ask again and again until the condition holds; whether it did within the time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(interval)
    return True
