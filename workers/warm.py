"""Keeps machines ready for builds that have not come yet, as many as a lane says."""

from itertools import groupby
from typing import Any

from buildbot.util.service import BuildbotService
from buildbot.util.twisted import async_to_deferred
from buildbot.worker.latent import States
from twisted.internet.defer import maybeDeferred
from twisted.internet.task import LoopingCall
from twisted.python import log
from twisted.python.failure import Failure

from workers.latent import MachineWorker
from workers.pauses import pauses
from workers.sweeper import complain

LOOK_SECONDS = 1.0


class WarmPool(BuildbotService):
    """Makes the machines of idle workers; a lane whose machines fail is left alone for a while."""

    name = "warm-pool"

    def __init__(self, *given: Any, **more: Any) -> None:
        self.looking = LoopingCall(lambda: maybeDeferred(self.look).addErrback(complain))
        self.coming: set[str] = set()
        """Workers whose machine is made for no build."""
        self.growing: dict[str, Any] = {}
        self.not_before: dict[str, float] = {}
        super().__init__(*given, **more)

    @async_to_deferred
    async def startService(self) -> None:
        await super().startService()
        self.looking.start(LOOK_SECONDS, now=False).addErrback(complain)

    @async_to_deferred
    async def stopService(self) -> None:
        if self.looking.running:
            self.looking.stop()
        await super().stopService()

    def look(self) -> None:
        """Have as many machines ready, or on their way, as each lane wants."""
        mine = [
            w
            for w in self.master.workers.workers.values()
            if isinstance(w, MachineWorker) and w.configured
        ]
        for lane, group in groupby(sorted(mine, key=lane_of), key=lane_of):
            members = list(group)
            for worker in members:
                if worker.state == States.SUBSTANTIATED and not (worker.conn or worker.building):
                    worker.insubstantiate()  # its machine got lost while it waited
                elif worker.is_ready and worker.is_old:
                    worker.insubstantiate()
            there = sum(worker.is_ready or worker.name in self.coming for worker in members)
            free = [w for w in members if w.state == States.NOT_SUBSTANTIATED and not w.building]
            if self.master.reactor.seconds() >= self.not_before.get(lane, 0):
                for worker in free[: max(0, members[0].lane.ready - there)]:
                    self.make(worker, lane)

    def make(self, worker: MachineWorker, lane: str) -> None:
        self.coming.add(worker.name)
        made = worker.substantiate(None, None)
        made.addCallbacks(lambda _: self.growing.pop(lane, None), self.failed, errbackArgs=(lane,))
        made.addBoth(lambda _: self.coming.discard(worker.name))

    def failed(self, failure: Failure, lane: str) -> None:
        pause = next(self.growing.setdefault(lane, pauses(first=5, longest=300)))
        self.not_before[lane] = self.master.reactor.seconds() + pause
        log.msg(f"no machine is ready for {lane}, next try in {pause:.0f} s: {failure.value}")


def lane_of(worker: MachineWorker) -> str:
    return f"{worker.lane_name} of {worker.environment.name}"
