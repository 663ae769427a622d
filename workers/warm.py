"""Keeps machines ready for builds that have not started yet, as many as a lane says."""

from itertools import groupby
from typing import Any

from buildbot.util.service import BuildbotService
from buildbot.util.twisted import async_to_deferred
from buildbot.worker.latent import States
from twisted.internet.defer import maybeDeferred
from twisted.internet.task import LoopingCall
from twisted.python import log
from twisted.python.failure import Failure

from workers.backoff import backoff
from workers.latent import MachineWorker
from workers.sweeper import log_failure

POLL_SECONDS = 1.0


class WarmPool(BuildbotService):
    """Boots machines for idle workers; waits longer and longer for a lane whose machines fail."""

    name = "warm-pool"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.timer = LoopingCall(lambda: maybeDeferred(self.refill).addErrback(log_failure))
        self.booting: set[str] = set()
        """Workers whose machine is booting for no particular build."""
        self.delays: dict[str, Any] = {}
        self.not_before: dict[str, float] = {}
        super().__init__(*args, **kwargs)

    @async_to_deferred
    async def startService(self) -> None:
        await super().startService()
        self.timer.start(POLL_SECONDS, now=False).addErrback(log_failure)

    @async_to_deferred
    async def stopService(self) -> None:
        if self.timer.running:
            self.timer.stop()
        await super().stopService()

    def refill(self) -> None:
        """Have as many machines ready, or booting, as each lane wants."""
        workers = [
            w
            for w in self.master.workers.workers.values()
            if isinstance(w, MachineWorker) and w.configured
        ]
        for lane, group in groupby(sorted(workers, key=lane_of), key=lane_of):
            members = list(group)
            for worker in members:
                if worker.state == States.SUBSTANTIATED and not (worker.conn or worker.building):
                    worker.insubstantiate()  # its machine was lost while it waited
                elif worker.is_ready and worker.is_old:
                    worker.insubstantiate()
            ready = sum(worker.is_ready or worker.name in self.booting for worker in members)
            free = [w for w in members if w.state == States.NOT_SUBSTANTIATED and not w.building]
            if self.master.reactor.seconds() >= self.not_before.get(lane, 0):
                for worker in free[: max(0, members[0].lane.ready - ready)]:
                    self.boot(worker, lane)

    def boot(self, worker: MachineWorker, lane: str) -> None:
        self.booting.add(worker.name)
        booted = worker.substantiate(None, None)
        booted.addCallbacks(
            lambda _: self.delays.pop(lane, None), self.boot_failed, errbackArgs=(lane,)
        )
        booted.addBoth(lambda _: self.booting.discard(worker.name))

    def boot_failed(self, failure: Failure, lane: str) -> None:
        pause = next(self.delays.setdefault(lane, backoff(first=5, longest=300)))
        self.not_before[lane] = self.master.reactor.seconds() + pause
        log.msg(f"no machine is ready for {lane}, next try in {pause:.0f} s: {failure.value}")


def lane_of(worker: MachineWorker) -> str:
    return f"{worker.lane_name} of {worker.environment.name}"
