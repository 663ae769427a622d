"""How a machine comes to be: asked for, booted, called by its worker, and tried again if not."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import TYPE_CHECKING

from buildbot.process.build import Build
from twisted.internet.defer import TimeoutError as TooLate
from twisted.internet.task import deferLater

from cloud.errors import Full, Mistake, Passes, Trouble, Unusable, unfit
from workers.boot_log import Told
from workers.cloud import Order
from workers.pauses import pauses
from workers.sweeper import READY, Boot
from workers.user_data import LIFE_HOURS, user_data

if TYPE_CHECKING:
    from workers.latent import MachineWorker

MACHINES = 3
"""How many machines one build may use up: a boot that failed is tried twice again."""
LOOK_SECONDS = 10.0
"""How often a machine that is ACTIVE is looked at until its worker calls."""


class Booting:
    """One worker's way to a machine."""

    def __init__(self, worker: MachineWorker, build: Build | None, told: Told) -> None:
        self.worker = worker
        self.build = build
        self.told = told
        self.place = worker.place
        self.machines = worker.machines
        self.cloud = worker.cloud
        self.numbers = worker.machines.numbers
        self.place_in_line = next(worker.machines.places)

    async def ready(self) -> None:
        """Make machines until the worker of one has called; raises Trouble when none will."""
        try:
            await self.tried()
        finally:
            self.machines.found_room(self.place.cloud, self.place_in_line)

    async def tried(self) -> None:
        began: float | None = None
        used = 0
        growing = pauses()
        for_room = pauses(first=2, longest=15)  # a machine may go while nobody listens
        for zone in cycle(self.place.zones or (None,)):
            boot = self.worker.wants(self.title)
            try:
                await self.made(boot, zone)
            except Full as full:
                self.worker.let_go()
                began = None
                await self.told.say(f"waits for room: {full}")
                await self.machines.room(self.place.cloud, self.place_in_line, next(for_room))
            except Passes as trouble:
                self.worker.let_go()
                began = began or time.monotonic()
                waited = time.monotonic() - began
                pause = max(next(growing), trouble.pause or 0)
                if waited + pause > self.place.patience_seconds:
                    raise given_up(f"{waited:.0f} s", trouble) from trouble
                await self.rest(trouble, pause)
            except Unusable as trouble:
                self.worker.let_go()
                used += 1
                if used == MACHINES:
                    raise given_up(f"{used} machines", trouble) from trouble
                await self.rest(trouble, next(growing))
            except Mistake as mistake:
                raise self.worker.to_correct(mistake) from mistake
            else:
                return

    async def rest(self, trouble: Trouble, seconds: float) -> None:
        # Others need not wait for us.
        self.machines.found_room(self.place.cloud, self.place_in_line)
        self.numbers.failures[trouble.cause] += 1
        await self.told.say(f"tries again in {seconds:.1f} s: {trouble}")
        await deferLater(self.worker.master.reactor, seconds)

    @property
    def title(self) -> str:
        """The machine's name: what it is made for."""
        if self.build is None:
            return f"{self.worker.name}-ready"
        return f"{self.build.builder.name}-{self.build.number}"

    async def made(self, boot: Boot, zone: str | None) -> None:
        """Make one machine; its worker has called when this returns."""
        await self.told.say(f"asks {boot.cloud} for machine {boot.name}")
        boot.machine = await self.accepted(boot, zone)
        self.machines.found_room(boot.cloud, self.place_in_line)
        boot.state = "boots"
        await self.told.say(f"machine {boot.name} boots: {boot.machine}")
        began = time.monotonic()
        try:
            await self.active(boot.machine)
            active = time.monotonic()
            boot.state = "has not called yet"
            await self.called(boot)
        except (Unusable, Passes):
            await self.worker.new_password()  # it must not call any more
            await self.quote_console(boot.machine)
            raise
        now = time.monotonic()
        boot.state = READY
        self.numbers.ready += 1
        self.numbers.boot_seconds += active - began
        self.numbers.attach_seconds += now - active
        await self.told.say(f"machine {boot.name} ready in {now - boot.since:.1f} s")

    async def accepted(self, boot: Boot, zone: str | None) -> str:
        """Nova's id of a new machine, also if the answer that should have told it was lost."""
        password = await self.worker.new_password()
        order = Order(
            name=boot.name,
            place=self.place,
            lane=self.worker.lane,
            marks=self.machines.marks(
                boot,
                f"{self.build.builder.name}/{self.build.number}" if self.build else "none",
                (datetime.now(UTC) + timedelta(hours=LIFE_HOURS)).isoformat(timespec="seconds"),
            ),
            user_data=user_data(
                boot.worker,
                password,
                self.place.master,
                certificate=self.machines.certificate,
                gitconfig=self.machines.gitconfig,
            ),
            zone=zone,
        )
        boot.answered = False
        try:
            identity = await self.cloud.create(order)
        except Trouble as trouble:
            boot.answered = not isinstance(trouble, Passes) or not trouble.unsure
            if boot.answered or not (found := await self.machines.adopted(boot)):
                raise
            identity = found
        boot.answered = True
        return identity

    async def active(self, identity: str) -> None:
        """Wait until Nova says ACTIVE, or the worker is faster."""
        end = time.monotonic() + self.place.boot_seconds
        for pause in pauses(longest=5):
            if await self.heard(pause):
                return
            machine = await self.cloud.look(identity)
            if machine is None:
                raise Unusable("the machine was deleted while it booted", "deleted")
            if machine.status == "ERROR":
                raise unfit(machine.fault)
            if machine.status == "ACTIVE":
                return
            if time.monotonic() > end:
                limit = self.place.boot_seconds
                raise Unusable(f"the machine is {machine.status} after {limit} s", "boot")

    async def called(self, boot: Boot) -> None:
        """Wait until the worker has called."""
        end = time.monotonic() + self.place.attach_seconds
        while (left := end - time.monotonic()) > 0:
            if await self.heard(min(left, LOOK_SECONDS)):
                return
            machine = await self.cloud.look(str(boot.machine))
            status = machine.status if machine else "gone"
            if status != "ACTIVE":
                raise Unusable(f"the machine is {status}, and its worker never called", "attach")
        limit = self.place.attach_seconds
        said = f"machine {boot.name} is ACTIVE, but its worker did not call within {limit} s"
        raise Unusable(said, "attach")

    async def heard(self, seconds: float) -> bool:
        """Whether the worker has called, or does so within so many seconds."""
        if self.worker.substantiated:
            return True
        try:
            await self.worker.calls.wait().addTimeout(seconds, self.worker.master.reactor)
        except TooLate:
            return False
        return True

    async def quote_console(self, identity: str) -> None:
        try:
            await self.told.quote(await self.cloud.console(identity))
        except Trouble as trouble:
            await self.told.say(f"its console cannot be read: {trouble}", briefly=False)


def given_up(after: str, trouble: Trouble) -> Unusable:
    return Unusable(f"given up after {after}: {trouble}", trouble.cause)
