"""How long to wait before the same thing is tried again."""

import random
from collections.abc import Iterator


def pauses(first: float = 1.0, longest: float = 60.0) -> Iterator[float]:
    """Seconds, growing and never the same for two who began together; without an end."""
    pause = first
    while True:
        yield pause * random.uniform(0.5, 1.0)  # noqa: S311  # no secret
        pause = min(pause * 2, longest)
