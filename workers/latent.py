"""A worker whose machine exists only while it is needed, in an OpenStack project."""

import time
from secrets import token_urlsafe
from typing import Any

from buildbot.interfaces import (
    LatentWorkerCannotSubstantiate,
    LatentWorkerSubstantiatiationCancelled,
)
from buildbot.process.build import Build
from buildbot.process.results import RETRY
from buildbot.util import Notifier
from buildbot.util.twisted import async_to_deferred
from buildbot.worker.latent import AbstractLatentWorker, States
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred

from cloud.errors import Mistake, Trouble, Unusable
from model.environment import Environment
from model.openstack import Lane, OpenStack
from workers.boot import Booting
from workers.boot_log import Told
from workers.cloud import Cloud
from workers.sweeper import NAME, Boot, Machines, complain

RENEWED_SECONDS = 6 * 3600
"""A machine that has lived so long goes as soon as nothing runs on it; see also LIFE_HOURS."""
REPEATS = 2
"""How often a build is repeated whose machine got lost."""


class MachineWorker(AbstractLatentWorker):
    """Makes a machine for a build, waits until its worker calls, and lets it go afterwards."""

    name: str
    boot: Boot | None = None
    """The machine that this worker wants or has."""
    booting: Deferred[None] | None = None

    def __init__(self, *given: Any, **more: Any) -> None:
        self.calls: Notifier[None] = Notifier()
        super().__init__(*given, **more)

    def checkConfig(self, name: str, environment: Environment, lane: str) -> None:  # type: ignore[override]  # noqa: ARG002  # as Buildbot itself
        super().checkConfig(name, None)

    @async_to_deferred
    async def reconfigService(self, name: str, environment: Environment, lane: str) -> None:  # type: ignore[override]  # as Buildbot itself
        self.environment = environment
        self.lane_name = lane
        await super().reconfigService(
            name,
            self.getRandomPass(),
            build_wait_timeout=self.lane.idle_seconds,
            max_builds=None if lane == "deploy" else 1,
            missing_timeout=None,  # the times to boot and to attach say more
        )

    @property
    def place(self) -> OpenStack:
        assert self.environment.openstack  # noqa: S101  # it has this lane's machines
        return self.environment.openstack

    @property
    def lane(self) -> Lane:
        return self.place.lanes[self.lane_name]

    @property
    def machines(self) -> Machines:
        found: Machines = self.master.service_manager.namedServices[NAME]
        return found

    @property
    def cloud(self) -> Cloud:
        return self.machines.cloud(self.place.cloud)

    @property
    def is_old(self) -> bool:
        """Whether its machine should make room for one of the newest image."""
        return self.boot is not None and time.monotonic() - self.boot.since > RENEWED_SECONDS

    @property
    def is_ready(self) -> bool:
        """Whether a build could begin at once."""
        return self.state == States.SUBSTANTIATED and self.conn is not None and not self.building

    # What Buildbot asks of a latent worker.

    def substantiate(self, wfb: Any, build: Build | None) -> Deferred[bool]:
        if self.substantiated:
            # Not one turn later: a Stop in between would end the machine under other builds.
            ensureDeferred(self.tell_of_machine(build)).addErrback(complain)
            ready: Deferred[bool] = super().substantiate(wfb, build)
            return ready
        if self.boot and build:
            ensureDeferred(self.tell_of_boot(build, self.boot)).addErrback(complain)
        asked: Deferred[Any] = ensureDeferred(self.worth_a_machine(build))
        return asked.addCallback(lambda _: AbstractLatentWorker.substantiate(self, wfb, build))

    @async_to_deferred
    async def start_instance(self, build: Build | None) -> bool:
        told = Told(build)
        self.booting = ensureDeferred(Booting(self, build, told).ready())
        try:
            await self.booting
        except CancelledError:
            self.let_go()
            raise LatentWorkerSubstantiatiationCancelled from None
        except Trouble as trouble:
            self.let_go()
            self.machines.numbers.failures[trouble.cause] += 1
            await told.say(f"no machine: {trouble}")
            raise LatentWorkerCannotSubstantiate(str(trouble)) from trouble
        finally:
            self.booting = None
            await told.end()
        return True

    @async_to_deferred
    async def stop_instance(self, fast: bool = False) -> bool:  # noqa: ARG002  # Buildbot's
        self.let_go()
        return True

    def insubstantiate(self, *given: Any, **more: Any) -> Deferred[None]:
        self.stop_booting()
        done: Deferred[None] = super().insubstantiate(*given, **more)
        return done

    def stopService(self) -> Deferred[None]:
        self.stop_booting()
        done: Deferred[None] = super().stopService()
        return done

    @async_to_deferred
    async def attached(self, conn: Any) -> None:
        await super().attached(conn)
        await self.new_password()  # the one that the machine was told has done its work
        self.calls.notify(None)

    def putInQuarantine(self) -> None:
        """Nothing: the pauses between two machines are ours, and no fault is the worker's own."""

    # What a machine needs.

    async def worth_a_machine(self, build: Build | None) -> None:
        """Buildbot repeats a build that lost its worker for ever; here there is an end to it."""
        if build is None:
            return
        path = ("buildrequests", build.requests[0].id, "builds")
        lost = sum(one["results"] == RETRY for one in await self.master.data.get(path))
        if build.stopped:
            raise LatentWorkerSubstantiatiationCancelled
        if lost > REPEATS:
            sentence = f"the machine got lost {lost} times; the build is not repeated again"
            told = Told(build)
            await told.say(sentence)
            await told.end()
            raise LatentWorkerCannotSubstantiate(sentence)

    async def tell_of_machine(self, build: Build | None) -> None:
        told = Told(build)
        if self.boot:
            await told.say(f"machine {self.boot.name} was ready", briefly=False)
            await told.end()

    async def tell_of_boot(self, build: Build, boot: Boot) -> None:
        """A build that comes while a machine is made for none in particular waits for that one."""
        told = Told(build)
        await told.say(f"waits for machine {boot.name}, which is being made already: {boot.state}")
        await told.end()

    def wants(self, title: str) -> Boot:
        """Say that a machine is wanted."""
        self.boot = self.machines.begin(self.name, self.place.cloud, title, self.hang_up)
        return self.boot

    def hang_up(self) -> None:
        """Believe Nova that nobody is at the other end: what ran there is repeated."""
        if self.conn:
            self.conn.mind.broker.transport.abortConnection()  # nobody takes what is still to send

    def let_go(self) -> None:
        boot, self.boot = self.boot, None
        if boot:
            self.machines.end(boot)

    def stop_booting(self) -> None:
        if self.booting:
            self.booting.cancel()

    async def new_password(self) -> str:
        """A password that is good until the next one; the worker that is there stays."""
        self.password = password = token_urlsafe(24)
        registration: Any = self.registration
        await registration.update(self, self.master.config)
        return password

    def to_correct(self, mistake: Mistake) -> Unusable:
        """A mistake with the file and the key in which it is."""
        return Unusable(mistake.at(f"{self.environment.name}.toml", self.lane_name), mistake.cause)
