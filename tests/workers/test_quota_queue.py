"""Who waits for quota is woken in the order of coming, and the first asks again in any case."""

from typing import cast

from twisted.internet.defer import ensureDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from workers.quota_queue import QuotaQueue

SECONDS = 5


class Waiting:
    """A clock, a queue on it, and who of it may ask again."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.queue = QuotaQueue(cast(IReactorTime, self.clock))
        self.returned: list[str] = []

    def wait(self, name: str, position: int | None = None) -> int:
        position = next(self.queue.positions) if position is None else position
        waiting = ensureDeferred(self.queue.wait(position, SECONDS))
        waiting.addCallback(lambda _: self.returned.append(name))
        return position


def test_a_machine_that_goes_wakes_only_who_came_first() -> None:
    case = Waiting()
    case.wait("first")
    case.wait("second")
    case.queue.wake_first()
    assert case.returned == ["first"]
    case.queue.wake_first()
    assert case.returned == ["first", "second"]


def test_the_first_asks_again_after_a_while_and_the_others_go_on_waiting() -> None:
    case = Waiting()
    case.wait("first")
    case.wait("second")
    case.clock.advance(SECONDS)
    assert case.returned == ["first"]
    case.clock.advance(SECONDS)
    assert case.returned == ["first"]


def test_who_asks_again_in_vain_keeps_its_position() -> None:
    case = Waiting()
    first = case.wait("first")
    case.wait("second")
    case.queue.wake_first()
    case.wait("first again", first)
    case.queue.wake_first()
    assert case.returned == ["first", "first again"]


def test_who_leaves_makes_the_next_one_the_first() -> None:
    case = Waiting()
    first = case.wait("first")
    case.wait("second")
    case.queue.wake_first()
    case.queue.leave(first)
    case.clock.advance(SECONDS)
    assert case.returned == ["first", "second"]


def test_a_machine_that_goes_while_nobody_waits_wakes_nobody() -> None:
    case = Waiting()
    case.queue.wake_first()
    case.wait("late")
    assert case.returned == []
