"""Boots a machine for one worker: asks Nova, waits until the worker connects, tries again."""

import time
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any, Protocol

from buildbot.process.build import Build
from buildbot.util import Notifier
from twisted.internet.defer import TimeoutError as TooLate
from twisted.internet.task import deferLater

from cloud.errors import (
    CloudError,
    ConfigurationError,
    InstanceFailed,
    QuotaExceeded,
    TransientError,
    classify_fault,
)
from model.openstack import Lane, OpenStack
from workers.backoff import backoff
from workers.boot_log import BootLog
from workers.machine_request import server_request
from workers.sweeper import READY, Boot, Sweeper
from workers.user_data import LIFE_HOURS, user_data

MACHINES = 3
"""How many machines one build may use up: a boot that failed is tried again twice."""
POLL_SECONDS = 10.0
"""How often Nova is asked for a machine that is ACTIVE until its worker connects."""


class MachineUser(Protocol):
    """What a boot needs of the worker that the machine is for."""

    name: str
    worker_attached: Notifier[None]

    @property
    def master(self) -> Any: ...

    @property
    def settings(self) -> OpenStack: ...

    @property
    def lane(self) -> Lane: ...

    @property
    def sweeper(self) -> Sweeper: ...

    @property
    def substantiated(self) -> bool: ...

    def request_machine(self, title: str) -> Boot: ...

    def discard_machine(self) -> None: ...

    async def new_password(self) -> str: ...

    def configuration_failure(self, error: ConfigurationError) -> InstanceFailed: ...


class BootSequence:
    """The attempts to get one machine for one worker."""

    def __init__(self, worker: MachineUser, build: Build | None, boot_log: BootLog) -> None:
        self.worker = worker
        self.build = build
        self.boot_log = boot_log
        self.settings = worker.settings
        self.sweeper = worker.sweeper
        self.cloud = worker.sweeper.cloud(worker.settings.cloud)
        self.statistics = worker.sweeper.statistics
        self.queue = worker.sweeper.quota_queue(worker.settings.cloud)
        self.position = next(self.queue.positions)

    async def run(self) -> None:
        """Boot machines until the worker of one connects; raises CloudError when none does."""
        try:
            await self.boot_with_retries()
        finally:
            self.queue.leave(self.position)

    async def boot_with_retries(self) -> None:
        began: float | None = None
        used = 0
        delays = backoff()
        quota_delays = backoff(first=2, longest=15)  # a machine may go without an event
        for zone in cycle(self.settings.zones or (None,)):
            boot = self.worker.request_machine(self.title)
            try:
                await self.boot_once(boot, zone)
            except QuotaExceeded as error:
                self.worker.discard_machine()
                began = None
                await self.boot_log.say(f"waits for quota: {error}")
                await self.queue.wait(self.position, next(quota_delays))
            except TransientError as error:
                self.worker.discard_machine()
                began = began or time.monotonic()
                waited = time.monotonic() - began
                pause = max(next(delays), error.pause or 0)
                if waited + pause > self.settings.patience_seconds:
                    raise given_up(f"{waited:.0f} s", error) from error
                await self.pause_before_retry(error, pause)
            except InstanceFailed as error:
                self.worker.discard_machine()
                used += 1
                if used == MACHINES:
                    raise given_up(f"{used} machines", error) from error
                await self.pause_before_retry(error, next(delays))
            except ConfigurationError as error:
                raise self.worker.configuration_failure(error) from error
            else:
                return

    async def pause_before_retry(self, error: CloudError, seconds: float) -> None:
        # Others need not wait for us.
        self.queue.leave(self.position)
        self.statistics.failures[error.cause] += 1
        await self.boot_log.say(f"tries again in {seconds:.1f} s: {error}")
        await deferLater(self.worker.master.reactor, seconds)

    @property
    def title(self) -> str:
        """The machine's name: what it is made for."""
        if self.build is None:
            return f"{self.worker.name}-ready"
        return f"{self.build.builder.name}-{self.build.number}"

    async def boot_once(self, boot: Boot, zone: str | None) -> None:
        """Boot one machine; its worker has connected when this returns."""
        await self.boot_log.say(f"asks {boot.cloud} for machine {boot.name}")
        boot.machine = await self.create_server(boot, zone)
        self.queue.leave(self.position)
        boot.state = "boots"
        await self.boot_log.say(f"machine {boot.name} boots: {boot.machine}")
        began = time.monotonic()
        try:
            await self.wait_active(boot.machine)
            active = time.monotonic()
            boot.state = "waits for its worker"
            await self.wait_for_worker(boot)
        except (InstanceFailed, TransientError):
            await self.worker.new_password()  # its worker must not connect any more
            await self.quote_console(boot.machine)
            raise
        now = time.monotonic()
        boot.state = READY
        self.statistics.ready += 1
        self.statistics.boot_seconds += active - began
        self.statistics.attach_seconds += now - active
        await self.boot_log.say(f"machine {boot.name} ready in {now - boot.since:.1f} s")

    async def create_server(self, boot: Boot, zone: str | None) -> str:
        """Nova's id of a new machine, also when the answer with the id was lost."""
        password = await self.worker.new_password()
        request = server_request(
            self.settings,
            self.worker.lane,
            name=boot.name,
            metadata=self.sweeper.metadata(
                boot,
                f"{self.build.builder.name}/{self.build.number}" if self.build else "none",
                (datetime.now(UTC) + timedelta(hours=LIFE_HOURS)).isoformat(timespec="seconds"),
            ),
            user_data=user_data(
                boot.worker,
                password,
                self.settings.master,
                certificate=self.sweeper.certificate,
                gitconfig=self.sweeper.gitconfig,
            ),
            zone=zone,
        )
        boot.answer_arrived = False
        try:
            identity = await self.cloud.create_server(request)
        except CloudError as error:
            boot.answer_arrived = not isinstance(error, TransientError) or not error.maybe_accepted
            if boot.answer_arrived or not (created := await self.sweeper.find_created(boot)):
                raise
            identity = created
        boot.answer_arrived = True
        return identity

    async def wait_active(self, identity: str) -> None:
        """Wait until Nova says ACTIVE, or the worker is faster."""
        deadline = time.monotonic() + self.settings.boot_seconds
        for pause in backoff(longest=5):
            if await self.worker_connected(pause):
                return
            machine = await self.cloud.get_server(identity)
            if machine is None:
                raise InstanceFailed("the machine was deleted while it booted", "deleted")
            if machine.status == "ERROR":
                raise classify_fault(machine.fault)
            if machine.status == "ACTIVE":
                return
            if time.monotonic() > deadline:
                limit = self.settings.boot_seconds
                raise InstanceFailed(f"the machine is {machine.status} after {limit} s", "boot")

    async def wait_for_worker(self, boot: Boot) -> None:
        """Wait until the worker has connected."""
        deadline = time.monotonic() + self.settings.attach_seconds
        while (left := deadline - time.monotonic()) > 0:
            if await self.worker_connected(min(left, POLL_SECONDS)):
                return
            machine = await self.cloud.get_server(str(boot.machine))
            status = machine.status if machine else "gone"
            if status != "ACTIVE":
                raise InstanceFailed(
                    f"the machine is {status}, and its worker never called", "attach"
                )
        limit = self.settings.attach_seconds
        said = f"machine {boot.name} is ACTIVE, but its worker did not call within {limit} s"
        raise InstanceFailed(said, "attach")

    async def worker_connected(self, seconds: float) -> bool:
        """Whether the worker is connected, or connects within so many seconds."""
        if self.worker.substantiated:
            return True
        try:
            await self.worker.worker_attached.wait().addTimeout(seconds, self.worker.master.reactor)
        except TooLate:
            return False
        return True

    async def quote_console(self, identity: str) -> None:
        try:
            await self.boot_log.quote(await self.cloud.get_console(identity))
        except CloudError as error:
            await self.boot_log.say(f"its console cannot be read: {error}", briefly=False)


def given_up(after: str, error: CloudError) -> InstanceFailed:
    return InstanceFailed(f"given up after {after}: {error}", error.cause)
