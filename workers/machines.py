"""Which machines are wanted, what became of them, and the end of those that nobody wants."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from secrets import token_hex
from typing import Any

from buildbot.util.service import BuildbotService
from buildbot.util.twisted import async_to_deferred
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred, maybeDeferred
from twisted.internet.defer import TimeoutError as TooLate
from twisted.internet.task import LoopingCall, deferLater
from twisted.internet.threads import deferToThread
from twisted.python import log
from twisted.python.failure import Failure

from model.environment import Environment
from model.openstack import Lane, OpenStack
from workers.answers import Mistake, Trouble
from workers.cloud import Cloud, Machine
from workers.pauses import pauses

NAME = "machines"
OWNER = "slipway-owner"
"""The mark that says whose a machine is; without ours, it is never touched."""
BOOT = "slipway-boot"
SWEEP_SECONDS = 15
"""How often each project is asked for its machines, which takes one call."""
READY = "ready"
DEAD = ("DELETED", "ERROR", "SHUTOFF", "SOFT_DELETED")
"""What Nova calls a machine on which no worker runs any more."""
GONE_SECONDS = 20
"""How long Nova may take to end a machine until it is asked again."""
GOODBYE_SECONDS = 15
"""How long a master that stops waits for the end of its machines."""


@dataclass
class Boot:
    """One machine that is wanted, from before Nova hears of it until it may go."""

    worker: str
    cloud: str
    name: str
    since: float
    lost: Callable[[], None]
    """What to do when the machine is ready and has gone: TCP alone would tell it much later."""
    id: str = field(default_factory=lambda: token_hex(8))
    machine: str | None = None
    """Nova's id, once it is known."""
    state: str = "asked for"
    answered: bool = True
    """Whether Nova has answered the request that makes it, if there was one."""


@dataclass
class Numbers:
    """What has happened since the master started."""

    ready: int = 0
    boot_seconds: float = 0.0
    """Of all that got ready, together: until Nova said ACTIVE, or the worker was faster."""
    attach_seconds: float = 0.0
    """From there until the worker was there, of all together."""
    failures: Counter[str] = field(default_factory=Counter)
    """By cause."""
    removed: int = 0
    swept: int = 0
    """Of those removed, how many nobody wanted any more."""
    deletes_failed: int = 0


class Machines(BuildbotService):
    """One for the whole master; workers find it under its name."""

    name = NAME

    def __init__(self, *given: Any, **more: Any) -> None:
        self.boots: dict[str, Boot] = {}
        self.clouds: dict[str, Cloud] = {}
        self.leaving: dict[str, Deferred[None]] = {}
        self.places = count()
        """In the line of those who wait for room: who came first has the lowest."""
        self.waiting: defaultdict[str, dict[int, Deferred[None] | None]] = defaultdict(dict)
        """Who waits for room in a project; nothing to wake while one asks again."""
        self.numbers = Numbers()
        self.lacks: list[str] = []
        """What the environments' files name and their projects have not."""
        self.sweeping = LoopingCall(lambda: maybeDeferred(self.sweep).addErrback(complain))
        super().__init__(*given, **more)

    @async_to_deferred
    async def reconfigService(  # type: ignore[override]  # as Buildbot itself
        self,
        environments: tuple[Environment, ...],
        clouds: Path | None,
        gitconfig: Path | None = None,
        certificate: Path | None = None,
    ) -> None:
        """Where `clouds.yaml` is, unless at a usual place; what machines are told beside."""
        await super().reconfigService()
        self.environments = environments
        self.file = clouds
        for cloud in self.clouds.values():
            cloud.read_from(clouds)
        self.gitconfig = gitconfig.read_text("utf-8") if gitconfig else ""
        self.certificate = certificate.read_text("ascii") if certificate else ""
        self.owner = await self.remembered("owner", token_hex(8))
        used = {e.openstack.cloud for e in environments if e.openstack}
        for name in used.union(await self.remembered("clouds", [])):
            self.cloud(name)
        await self.remember("clouds", sorted(self.clouds))
        self.compare().addErrback(complain)

    @async_to_deferred
    async def startService(self) -> None:
        await super().startService()
        self.sweeping.start(SWEEP_SECONDS).addErrback(complain)

    @async_to_deferred
    async def stopService(self) -> None:
        await super().stopService()
        if self.sweeping.running:
            self.sweeping.stop()
        end = time.monotonic() + GOODBYE_SECONDS
        while (self.boots or self.leaving) and time.monotonic() < end:
            await deferLater(self.master.reactor, 0.1)
        for task in list(self.leaving.values()):
            task.cancel()
        for cloud in self.clouds.values():
            await deferToThread(cloud.stop)  # its threads may be waiting for an answer

    def cloud(self, name: str) -> Cloud:
        """The project that `clouds.yaml` calls so."""
        if name not in self.clouds:
            self.clouds[name] = Cloud(name, self.file, self.master.reactor)
            self.clouds[name].start()
        return self.clouds[name]

    # What outlives the master.

    async def remembered(self, key: str, first: Any) -> Any:
        """A value of Buildbot's database; `first` is kept there when there is none."""
        state = self.master.db.state
        place = await state.getObjectId(NAME, "workers.machines.Machines")
        value = await state.getState(place, key, None)
        if value is None:
            await self.remember(key, value := first)
        return value

    async def remember(self, key: str, value: Any) -> None:
        state = self.master.db.state
        place = await state.getObjectId(NAME, "workers.machines.Machines")
        await state.setState(place, key, value)

    # Machines that are wanted.

    def begin(self, worker: str, cloud: str, name: str, lost: Callable[[], None]) -> Boot:
        """Say that a machine is wanted, before anybody else can hear of it."""
        boot = Boot(worker, cloud, name, time.monotonic(), lost)
        self.boots[boot.id] = boot
        return boot

    def marks(self, boot: Boot, build: str, expires: str) -> dict[str, str]:
        """The metadata of a machine, complete from the request that makes it."""
        return {
            OWNER: self.owner,
            "slipway-master": self.master.name[:255],
            "slipway-worker": boot.worker,
            "slipway-build": build,
            BOOT: boot.id,
            "slipway-expires": expires,
        }

    async def adopted(self, boot: Boot) -> str | None:
        """The machine of a request that may have been accepted although no answer came."""
        found = await self.cloud(boot.cloud).marked(BOOT, boot.id)
        return found[0].id if found else None

    def end(self, boot: Boot) -> None:
        """Say that a machine is wanted no longer; it goes, whether its id is known or not."""
        self.boots.pop(boot.id, None)
        if boot.machine:
            self.remove(boot.cloud, boot.machine)
        elif not boot.answered:
            later = ensureDeferred(self.swept(self.cloud(boot.cloud)))
            later.addErrback(complain)

    async def room(self, cloud: str, place: int, seconds: float) -> None:
        """Wait until a machine of the project has gone; for the first in line also so many seconds.

        If all looked by themselves, their vain requests would delay the deletes that make room.
        Whoever waited stays in line until `found_room`.
        """
        line = self.waiting[cloud]
        while True:
            gone: Deferred[None] = Deferred()
            line[place] = gone
            try:
                await gone.addTimeout(seconds, self.master.reactor)
            except TooLate:
                if place == min(line):
                    return
            else:
                return
            finally:
                line[place] = None

    def found_room(self, cloud: str, place: int) -> None:
        """Say that somebody waits no longer, for whatever reason."""
        self.waiting[cloud].pop(place, None)

    def wake(self, cloud: str) -> None:
        """Tell the first who waits that a machine has gone."""
        asleep = {place: gone for place, gone in self.waiting[cloud].items() if gone}
        if asleep:
            asleep[min(asleep)].callback(None)

    # Machines that nobody wants.

    def remove(self, cloud: str, identity: str) -> None:
        """See to a machine's end, however often it takes."""
        if identity not in self.leaving:
            task = ensureDeferred(self.removed(cloud, identity))
            self.leaving[identity] = task
            task.addErrback(lambda failure: failure.trap(CancelledError))
            task.addErrback(complain)
            task.addBoth(lambda _: self.leaving.pop(identity, None))

    async def removed(self, name: str, identity: str) -> None:
        cloud = self.cloud(name)
        for pause in pauses(longest=10):
            try:
                await cloud.delete(identity)
                if await self.gone(cloud, identity):
                    await cloud.leave_nothing(identity)
                    break
            except Trouble as trouble:
                self.numbers.deletes_failed += 1
                log.msg(f"machine {identity} of {name} does not go: {trouble}")
            await deferLater(self.master.reactor, pause)
        log.msg(f"machine {identity} of {name} is gone")
        self.numbers.removed += 1
        self.wake(name)

    async def gone(self, cloud: Cloud, identity: str) -> bool:
        """Whether a machine went away when it was told to."""
        end = time.monotonic() + GONE_SECONDS
        for pause in pauses(first=0.3, longest=5):
            if await cloud.look(identity) is None:
                return True
            if time.monotonic() > end:
                break
            await deferLater(self.master.reactor, pause)
        return False

    @async_to_deferred
    async def sweep(self) -> None:
        """Remove whatever is ours and wanted by nobody, in every project we ever used."""
        for cloud in list(self.clouds.values()):
            await self.swept(cloud)
        if self.lacks:
            await self.compare()

    async def swept(self, cloud: Cloud) -> None:
        ready = [boot for boot in self.boots.values() if boot.state == READY]
        try:
            found = await cloud.marked(OWNER, self.owner)
        except Trouble as trouble:
            log.msg(f"cannot see the machines of {cloud.name}: {trouble}")
            return
        for machine in self.unwanted(found):
            log.msg(f"removing machine {machine.name} ({machine.id}) of {cloud.name}: not wanted")
            self.numbers.swept += 1
            self.remove(cloud.name, machine.id)
        alive = {machine.id for machine in found if machine.status not in DEAD}
        for boot in ready:
            if boot.cloud == cloud.name and boot.id in self.boots and boot.machine not in alive:
                await self.ask_for(boot, cloud)

    async def ask_for(self, boot: Boot, cloud: Cloud) -> None:
        """Ask for a machine that a listing left out; its worker is told if it has gone."""
        try:
            machine = await cloud.look(str(boot.machine))
        except Trouble:
            return
        if boot.id in self.boots and (machine is None or machine.status in DEAD):
            log.msg(f"machine {boot.name} ({boot.machine}) of {cloud.name} is lost")
            self.numbers.failures["lost"] += 1
            boot.state = "lost"
            boot.lost()

    def unwanted(self, found: Iterable[Machine]) -> list[Machine]:
        return [
            machine
            for machine in found
            if machine.marks.get(BOOT) not in self.boots and machine.id not in self.leaving
        ]

    # What people can know.

    @async_to_deferred
    async def compare(self) -> None:
        """Find out what the environments' files name and their projects have not."""
        lacks = [
            mistake.at(f"{environment.name}.toml", name)
            for environment in self.environments
            if (place := environment.openstack)
            for name, lane in place.lanes.items()
            for mistake in await self.lacked(place, lane)
        ]
        for sentence in dict.fromkeys(lacks):
            if sentence not in self.lacks:
                log.msg(sentence)
        self.lacks = list(dict.fromkeys(lacks))

    async def lacked(self, place: OpenStack, lane: Lane) -> list[Mistake]:
        try:
            return await self.cloud(place.cloud).lacks(place, lane)
        except Mistake as mistake:
            return [mistake]
        except Trouble as trouble:
            log.msg(f"cannot see what {place.cloud} has: {trouble}")
            return []

    def told(self) -> dict[str, Any] | None:
        """All numbers as JSON takes them; none without a project."""
        if not self.clouds:
            return None
        now = time.monotonic()
        return {
            **asdict(self.numbers),
            # In Python 3.11 `asdict` makes of a Counter one that counts its pairs.
            "failures": dict(self.numbers.failures),
            "lacking": self.lacks,
            "machines": [
                {
                    "name": boot.name,
                    "cloud": boot.cloud,
                    "worker": boot.worker,
                    "state": boot.state,
                    "seconds": round(now - boot.since, 1),
                }
                for boot in self.boots.values()
            ],
            "leaving": len(self.leaving),
            "calls": {name: dict(cloud.calls) for name, cloud in self.clouds.items()},
        }


def complain(failure: Failure) -> None:
    log.err(failure, "with the machines")
