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

from cloud.errors import CloudError, ConfigurationError, InstanceFailed
from model.environment import Environment
from model.openstack import Lane, OpenStack
from workers.boot import BootSequence
from workers.boot_log import BootLog
from workers.sweeper import NAME, Boot, Sweeper, log_failure

RENEWED_SECONDS = 6 * 3600
"""A machine that has lived so long goes as soon as nothing runs on it; see also LIFE_HOURS."""
REPEATS = 2
"""How often a build whose machine was lost is repeated."""


class MachineWorker(AbstractLatentWorker):
    """Boots a machine for a build, waits until its worker connects, and deletes it afterwards."""

    name: str
    boot: Boot | None = None
    """The machine that this worker has requested or uses."""
    booting: Deferred[None] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.worker_attached: Notifier[None] = Notifier()
        super().__init__(*args, **kwargs)

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
    def settings(self) -> OpenStack:
        assert self.environment.openstack  # noqa: S101  # it has this lane's machines
        return self.environment.openstack

    @property
    def lane(self) -> Lane:
        return self.settings.lanes[self.lane_name]

    @property
    def sweeper(self) -> Sweeper:
        sweeper: Sweeper = self.master.service_manager.namedServices[NAME]
        return sweeper

    @property
    def is_old(self) -> bool:
        """Whether its machine should be replaced by one of the newest image."""
        return self.boot is not None and time.monotonic() - self.boot.since > RENEWED_SECONDS

    @property
    def is_ready(self) -> bool:
        """Whether a build could start at once."""
        return self.state == States.SUBSTANTIATED and self.conn is not None and not self.building

    # What Buildbot calls on a latent worker.

    def substantiate(self, wfb: Any, build: Build | None) -> Deferred[bool]:
        if self.substantiated:
            # Not one turn later: a Stop in between would end the machine under other builds.
            ensureDeferred(self.log_ready_machine(build)).addErrback(log_failure)
            ready: Deferred[bool] = super().substantiate(wfb, build)
            return ready
        if self.boot and build:
            ensureDeferred(self.log_running_boot(build, self.boot)).addErrback(log_failure)
        checked: Deferred[Any] = ensureDeferred(self.refuse_endless_repeats(build))
        return checked.addCallback(lambda _: AbstractLatentWorker.substantiate(self, wfb, build))

    @async_to_deferred
    async def start_instance(self, build: Build | None) -> bool:
        boot_log = BootLog(build)
        self.booting = ensureDeferred(BootSequence(self, build, boot_log).run())
        try:
            await self.booting
        except CancelledError:
            self.discard_machine()
            raise LatentWorkerSubstantiatiationCancelled from None
        except CloudError as error:
            self.discard_machine()
            self.sweeper.statistics.failures[error.cause] += 1
            await boot_log.say(f"no machine: {error}")
            raise LatentWorkerCannotSubstantiate(str(error)) from error
        finally:
            self.booting = None
            await boot_log.end()
        return True

    @async_to_deferred
    async def stop_instance(self, fast: bool = False) -> bool:  # noqa: ARG002  # Buildbot's
        self.discard_machine()
        return True

    def insubstantiate(self, *args: Any, **kwargs: Any) -> Deferred[None]:
        self.stop_booting()
        done: Deferred[None] = super().insubstantiate(*args, **kwargs)
        return done

    def stopService(self) -> Deferred[None]:
        self.stop_booting()
        done: Deferred[None] = super().stopService()
        return done

    @async_to_deferred
    async def attached(self, conn: Any) -> None:
        await super().attached(conn)
        await self.new_password()  # the one in the machine's user data is not valid any more
        self.worker_attached.notify(None)

    def putInQuarantine(self) -> None:
        """Do nothing: BootSequence waits between two machines; no failure is the worker's own."""

    # The machine.

    async def refuse_endless_repeats(self, build: Build | None) -> None:
        """End a build that lost its machine too often: Buildbot would repeat it for ever."""
        if build is None:
            return
        path = ("buildrequests", build.requests[0].id, "builds")
        lost = sum(build_["results"] == RETRY for build_ in await self.master.data.get(path))
        if build.stopped:
            raise LatentWorkerSubstantiatiationCancelled
        if lost > REPEATS:
            sentence = f"the machine got lost {lost} times; the build is not repeated again"
            boot_log = BootLog(build)
            await boot_log.say(sentence)
            await boot_log.end()
            raise LatentWorkerCannotSubstantiate(sentence)

    async def log_ready_machine(self, build: Build | None) -> None:
        boot_log = BootLog(build)
        if self.boot:
            await boot_log.say(f"machine {self.boot.name} was ready", briefly=False)
            await boot_log.end()

    async def log_running_boot(self, build: Build, boot: Boot) -> None:
        """Say that a build waits for a machine that is already being booted for no build."""
        boot_log = BootLog(build)
        await boot_log.say(f"waits for machine {boot.name}, which is booting already: {boot.state}")
        await boot_log.end()

    def request_machine(self, title: str) -> Boot:
        """Register a machine that this worker wants."""
        self.boot = self.sweeper.register(
            self.name, self.settings.cloud, title, self.close_connection
        )
        return self.boot

    def close_connection(self) -> None:
        """Drop the connection to a machine that Nova says has gone; its builds are repeated."""
        if self.conn:
            self.conn.mind.broker.transport.abortConnection()  # do not wait for writes

    def discard_machine(self) -> None:
        boot, self.boot = self.boot, None
        if boot:
            self.sweeper.discard(boot)

    def stop_booting(self) -> None:
        if self.booting:
            self.booting.cancel()

    async def new_password(self) -> str:
        """A password that is valid until the next one; a connected worker stays connected."""
        self.password = password = token_urlsafe(24)
        registration: Any = self.registration
        await registration.update(self, self.master.config)
        return password

    def configuration_failure(self, error: ConfigurationError) -> InstanceFailed:
        """The error with the file and the key that are wrong."""
        return InstanceFailed(
            error.located(
                f"{self.environment.name}.toml", f"openstack.{self.lane_name}", Lane.model_fields
            ),
            error.cause,
        )
