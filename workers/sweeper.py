"""Knows which machines are wanted, and deletes those of ours that nobody wants any more."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any

from buildbot.util.service import BuildbotService
from buildbot.util.twisted import async_to_deferred
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred, maybeDeferred
from twisted.internet.task import LoopingCall, deferLater
from twisted.internet.threads import deferToThread
from twisted.python import log
from twisted.python.failure import Failure

from cloud.client import Machine
from cloud.errors import CloudError, ConfigurationError
from model.environment import Environment
from model.openstack import Lane, OpenStack
from workers.async_cloud import AsyncCloud
from workers.backoff import backoff
from workers.machine_request import server_request
from workers.quota_queue import QuotaQueue

NAME = "machines"
OWNER = "slipway-owner"
"""The metadata key that says whose a machine is; a machine of another owner is never touched."""
BOOT = "slipway-boot"
SWEEP_SECONDS = 15
"""How often each project is asked for its machines, which takes one call."""
STATE_OBJECT = "workers.machines.Machines"
"""A former class name, kept: under another one our owner is not found in Buildbot's database, and
machines that are there already are never deleted."""
READY = "ready"
DEAD_STATES = ("DELETED", "ERROR", "SHUTOFF", "SOFT_DELETED")
"""What Nova calls a machine on which no worker runs any more."""
GONE_SECONDS = 20
"""How long Nova may take to end a machine until it is asked again."""
SHUTDOWN_SECONDS = 15
"""How long a master that stops waits for the end of its machines."""


@dataclass
class Boot:
    """One machine that is wanted: from before Nova is asked for it until it may be deleted."""

    worker: str
    cloud: str
    name: str
    since: float
    lost: Callable[[], None]
    """Called when a ready machine has gone: TCP alone would notice a quarter of an hour later."""
    id: str = field(default_factory=lambda: token_hex(8))
    machine: str | None = None
    """Nova's id, once it is known."""
    state: str = "requested"
    answer_arrived: bool = True
    """Whether Nova has answered the request that makes it, if there was one."""


@dataclass
class Statistics:
    """What has happened since the master started."""

    ready: int = 0
    """Machines whose worker connected."""
    boot_seconds: float = 0.0
    """The sum over these machines: until Nova said ACTIVE or the worker connected."""
    attach_seconds: float = 0.0
    """The sum over these machines: from there until the worker connected."""
    failures: Counter[str] = field(default_factory=Counter)
    """By cause."""
    removed: int = 0
    swept: int = 0
    """How many of those removed nobody wanted any more."""
    deletes_failed: int = 0


class Sweeper(BuildbotService):
    """One service for the whole master; workers find it under its name."""

    name = NAME

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.boots: dict[str, Boot] = {}
        self.clouds: dict[str, AsyncCloud] = {}
        self.deleting: dict[str, Deferred[None]] = {}
        """By Nova's id: the deletions under way."""
        self.quota_queues: dict[str, QuotaQueue] = {}
        """By project."""
        self.statistics = Statistics()
        self.missing: list[str] = []
        """What the environments' files name and their projects do not have."""
        self.sweeping = LoopingCall(lambda: maybeDeferred(self.sweep).addErrback(log_failure))
        super().__init__(*args, **kwargs)

    @async_to_deferred
    async def reconfigService(  # type: ignore[override]  # as Buildbot itself
        self,
        environments: tuple[Environment, ...],
        clouds: Path | None,
        gitconfig: Path | None = None,
        certificate: Path | None = None,
    ) -> None:
        """`clouds` is `clouds.yaml`; None: where openstacksdk looks. The rest goes to machines."""
        await super().reconfigService()
        self.environments = environments
        self.clouds_yaml = clouds
        for cloud in self.clouds.values():
            cloud.client.read_from(clouds)
        self.gitconfig = gitconfig.read_text("utf-8") if gitconfig else ""
        self.certificate = certificate.read_text("ascii") if certificate else ""
        self.owner = await self.load("owner", token_hex(8))
        used = {e.openstack.cloud for e in environments if e.openstack}
        for name in used.union(await self.load("clouds", [])):
            self.cloud(name)
        await self.save("clouds", sorted(self.clouds))
        self.check_configuration().addErrback(log_failure)

    @async_to_deferred
    async def startService(self) -> None:
        await super().startService()
        self.sweeping.start(SWEEP_SECONDS).addErrback(log_failure)

    @async_to_deferred
    async def stopService(self) -> None:
        await super().stopService()
        if self.sweeping.running:
            self.sweeping.stop()
        deadline = time.monotonic() + SHUTDOWN_SECONDS
        while (self.boots or self.deleting) and time.monotonic() < deadline:
            await deferLater(self.master.reactor, 0.1)
        for task in list(self.deleting.values()):
            task.cancel()
        for cloud in self.clouds.values():
            await deferToThread(cloud.stop)  # its threads may be waiting for an answer

    def cloud(self, name: str) -> AsyncCloud:
        """The project of this name in `clouds.yaml`."""
        if name not in self.clouds:
            self.clouds[name] = AsyncCloud(name, self.clouds_yaml, self.master.reactor)
            self.clouds[name].start()
        return self.clouds[name]

    def quota_queue(self, cloud: str) -> QuotaQueue:
        """Those who wait for quota of this project."""
        return self.quota_queues.setdefault(cloud, QuotaQueue(self.master.reactor))

    # State in Buildbot's database.

    async def load(self, key: str, first: Any) -> Any:
        """A value of Buildbot's database; `first` is stored there when there is none."""
        state = self.master.db.state
        object_id = await state.getObjectId(NAME, STATE_OBJECT)
        value = await state.getState(object_id, key, None)
        if value is None:
            await self.save(key, value := first)
        return value

    async def save(self, key: str, value: Any) -> None:
        state = self.master.db.state
        object_id = await state.getObjectId(NAME, STATE_OBJECT)
        await state.setState(object_id, key, value)

    # Machines that are wanted.

    def register(self, worker: str, cloud: str, name: str, lost: Callable[[], None]) -> Boot:
        """Say that a machine is wanted, before Nova is asked for it."""
        boot = Boot(worker, cloud, name, time.monotonic(), lost)
        self.boots[boot.id] = boot
        return boot

    def metadata(self, boot: Boot, build: str, expires: str) -> dict[str, str]:
        """The metadata of a machine, complete from the request that makes it."""
        return {
            OWNER: self.owner,
            "slipway-master": self.master.name[:255],
            "slipway-worker": boot.worker,
            "slipway-build": build,
            BOOT: boot.id,
            "slipway-expires": expires,
        }

    async def find_created(self, boot: Boot) -> str | None:
        """The machine of a request that may have been accepted although no answer came."""
        machines = await self.cloud(boot.cloud).list_by_metadata(BOOT, boot.id)
        return machines[0].id if machines else None

    def discard(self, boot: Boot) -> None:
        """Say that a machine is not wanted any more; it is deleted even if its id is not known."""
        self.boots.pop(boot.id, None)
        if boot.machine:
            self.delete(boot.cloud, boot.machine)
        elif not boot.answer_arrived:
            later = ensureDeferred(self.sweep_project(self.cloud(boot.cloud)))
            later.addErrback(log_failure)

    # Machines that nobody wants.

    def delete(self, cloud: str, identity: str) -> None:
        """Delete a machine, and try again until it has gone."""
        if identity not in self.deleting:
            task = ensureDeferred(self.delete_until_gone(cloud, identity))
            self.deleting[identity] = task
            task.addErrback(lambda failure: failure.trap(CancelledError))
            task.addErrback(log_failure)
            task.addBoth(lambda _: self.deleting.pop(identity, None))

    async def delete_until_gone(self, name: str, identity: str) -> None:
        cloud = self.cloud(name)
        for pause in backoff(longest=10):
            try:
                await cloud.delete_server(identity)
                if await self.wait_gone(cloud, identity):
                    await cloud.delete_leftover_ports(identity)
                    break
            except CloudError as error:
                self.statistics.deletes_failed += 1
                log.msg(f"machine {identity} of {name} does not go: {error}")
            await deferLater(self.master.reactor, pause)
        log.msg(f"machine {identity} of {name} is gone")
        self.statistics.removed += 1
        self.quota_queue(name).wake_first()

    async def wait_gone(self, cloud: AsyncCloud, identity: str) -> bool:
        """Whether a machine has gone within GONE_SECONDS after its deletion was asked for."""
        deadline = time.monotonic() + GONE_SECONDS
        for pause in backoff(first=0.3, longest=5):
            if await cloud.get_server(identity) is None:
                return True
            if time.monotonic() > deadline:
                break
            await deferLater(self.master.reactor, pause)
        return False

    @async_to_deferred
    async def sweep(self) -> None:
        """Delete our machines that nobody wants, in every project that we ever used."""
        for cloud in list(self.clouds.values()):
            await self.sweep_project(cloud)
        if self.missing:
            await self.check_configuration()

    async def sweep_project(self, cloud: AsyncCloud) -> None:
        ready = [boot for boot in self.boots.values() if boot.state == READY]
        try:
            machines = await cloud.list_by_metadata(OWNER, self.owner)
        except CloudError as error:
            log.msg(f"cannot see the machines of {cloud.name}: {error}")
            return
        for machine in self.orphans(machines):
            log.msg(f"removing machine {machine.name} ({machine.id}) of {cloud.name}: not wanted")
            self.statistics.swept += 1
            self.delete(cloud.name, machine.id)
        alive = {machine.id for machine in machines if machine.status not in DEAD_STATES}
        for boot in ready:
            if boot.cloud == cloud.name and boot.id in self.boots and boot.machine not in alive:
                await self.check_lost(boot, cloud)

    async def check_lost(self, boot: Boot, cloud: AsyncCloud) -> None:
        """Ask again for a machine that a listing left out; its worker is told if it has gone."""
        try:
            machine = await cloud.get_server(str(boot.machine))
        except CloudError:
            return
        if boot.id in self.boots and (machine is None or machine.status in DEAD_STATES):
            log.msg(f"machine {boot.name} ({boot.machine}) of {cloud.name} is lost")
            self.statistics.failures["lost"] += 1
            boot.state = "lost"
            boot.lost()

    def orphans(self, machines: Iterable[Machine]) -> list[Machine]:
        return [
            machine
            for machine in machines
            if machine.metadata.get(BOOT) not in self.boots and machine.id not in self.deleting
        ]

    # What the page shows.

    @async_to_deferred
    async def check_configuration(self) -> None:
        """Find out what the environments' files name and their projects do not have."""
        missing = [
            error.located(f"{environment.name}.toml", f"openstack.{name}", Lane.model_fields)
            for environment in self.environments
            if (settings := environment.openstack)
            for name, lane in settings.lanes.items()
            for error in await self.missing_for(settings, lane)
        ]
        for sentence in dict.fromkeys(missing):
            if sentence not in self.missing:
                log.msg(sentence)
        self.missing = list(dict.fromkeys(missing))

    async def missing_for(self, settings: OpenStack, lane: Lane) -> list[ConfigurationError]:
        try:
            return await self.cloud(settings.cloud).missing(
                server_request(settings, lane), settings.zones
            )
        except ConfigurationError as error:
            return [error]
        except CloudError as error:
            log.msg(f"cannot see what {settings.cloud} has: {error}")
            return []

    def report(self) -> dict[str, Any] | None:
        """The machines and the statistics as JSON takes them; None without a project."""
        if not self.clouds:
            return None
        now = time.monotonic()
        return {
            **asdict(self.statistics),
            # In Python 3.11 `asdict` converts a Counter wrongly: it counts its pairs.
            "failures": dict(self.statistics.failures),
            "missing": self.missing,
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
            "leaving": len(self.deleting),
            "calls": {name: dict(cloud.calls) for name, cloud in self.clouds.items()},
        }


def log_failure(failure: Failure) -> None:
    log.err(failure, "the machines of OpenStack projects")
