"""Watches the reactor of a measured master: while that stands still, no page and no hook is served.

Twisted and Buildbot only: the stock worker's master has an environment of its own.
"""

import re
from time import monotonic
from typing import Any

from buildbot.util.service import BuildbotService
from buildbot.util.twisted import async_to_deferred
from twisted.internet.task import LoopingCall
from twisted.python import log

TICK = 0.02
WORTH_TELLING = 0.05
SAID = "the reactor stood still for"
ADDED = """
from benchmarks.clock import Clock

services.append(Clock())
"""
"""What a master's configuration says to have one."""


class Clock(BuildbotService):
    """Writes down each time the reactor came back late to what it does every 20 ms."""

    name = "clock"

    def __init__(self, *given: Any, **more: Any) -> None:
        self.last = monotonic()
        self.ticking = LoopingCall(self.tick)
        super().__init__(*given, **more)  # type: ignore[no-untyped-call]  # Buildbot has no types

    @async_to_deferred
    async def startService(self) -> None:
        await super().startService()
        self.last = monotonic()
        self.ticking.start(TICK)

    @async_to_deferred
    async def stopService(self) -> None:
        self.ticking.stop()
        await super().stopService()

    def tick(self) -> None:
        late = monotonic() - self.last - TICK
        if late > WORTH_TELLING:
            log.msg(f"{SAID} {late:.3f} s")
        self.last = monotonic()


def longest(log: str) -> float:
    """Seconds that the reactor stood still at most, as a part of a log tells it."""
    return max(map(float, re.findall(rf"{SAID} (\S+) s", log)), default=0.0)
