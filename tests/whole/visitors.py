"""A few visitors who ask for the same page again and again until told to stop."""

import threading
from collections import Counter
from collections.abc import Callable

from agent.errors import AgentError
from tests.whole.line import Line

THREADS = 2
PAUSE = 0.02
"""Seconds between two of a visitor's requests: the machine has releases to move meanwhile."""


class Visitors:
    """Visitors of one component's front page, over verified TLS."""

    def __init__(self, line: Line, *place: str) -> None:
        """The place is what `line.page` takes: an environment, a component, ..."""
        self.line = line
        self.place = place
        self.enough = threading.Event()
        self.answers: Counter[str] = Counter()
        self.visitors = [threading.Thread(target=self.visit) for _ in range(THREADS)]

    def visit(self) -> None:
        while not self.enough.wait(PAUSE):
            try:
                self.answers[str(self.line.page(*self.place).status)] += 1
            except (AgentError, OSError) as failure:
                self.answers[str(failure)] += 1

    def start(self) -> None:
        for visitor in self.visitors:
            visitor.start()

    def end(self) -> Counter[str]:
        """What they were answered until now."""
        self.enough.set()
        for visitor in self.visitors:
            visitor.join()
        return self.answers

    def during(self, work: Callable[[], object]) -> Counter[str]:
        """What they were answered while some work was done."""
        self.start()
        try:
            work()
        finally:
            self.end()
        return self.answers
