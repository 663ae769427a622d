"""Who waits for quota of a project, in the order of their coming.

If all asked by themselves, their requests would delay the deletes that free quota.
"""

from itertools import count

from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as TooLate
from twisted.internet.interfaces import IReactorTime


class QuotaQueue:
    """The queue of one project."""

    def __init__(self, reactor: IReactorTime) -> None:
        self.reactor = reactor
        self.positions = count()
        """Who came first has the lowest."""
        self.waiting: dict[int, Deferred[None] | None] = {}
        """By position; None while that one asks again."""

    async def wait(self, position: int, seconds: float) -> None:
        """Wait until a machine of the project is gone; the first of the queue at most `seconds`.

        The caller keeps its position until `leave`.
        """
        while True:
            freed: Deferred[None] = Deferred()
            self.waiting[position] = freed
            try:
                await freed.addTimeout(seconds, self.reactor)
            except TooLate:
                if position == min(self.waiting):
                    return
            else:
                return
            finally:
                self.waiting[position] = None

    def leave(self, position: int) -> None:
        """Give up a position, whether a machine was had or not."""
        self.waiting.pop(position, None)

    def wake_first(self) -> None:
        """Wake the first that waits; those that ask again already are passed over."""
        waiting = {position: freed for position, freed in self.waiting.items() if freed}
        if waiting:
            waiting[min(waiting)].callback(None)
