"""How long to wait before the next attempt."""

import random
from collections.abc import Iterator


def backoff(first: float = 1.0, longest: float = 60.0) -> Iterator[float]:
    """Seconds, growing up to `longest`, with jitter; an endless iterator."""
    pause = first
    while True:
        yield pause * random.uniform(0.5, 1.0)  # noqa: S311  # no secret
        pause = min(pause * 2, longest)
