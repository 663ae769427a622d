"""Health of live releases: a page of each is requested again and again, as visitors do."""

from datetime import UTC, datetime
from typing import Any

from buildbot.util.service import BuildbotService
from buildbot.util.twisted import async_to_deferred
from twisted.internet.defer import Deferred, DeferredList, DeferredSemaphore, maybeDeferred
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThread
from twisted.python import log
from twisted.python.failure import Failure

from model.component import Component
from model.environment import Environment
from model.installation import Installation, Reach
from model.site import Site
from web.page_request import NoAnswer, PageRequests
from web.views.board_model import Health

CONCURRENT = 4
"""Requests at once: no more than a visitor's browser makes."""


class HealthChecks(BuildbotService):
    """Requests a page of every live release periodically, and keeps the last results."""

    name = "health"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.changes = 0
        """Counts the results that say something new."""
        self.pages = PageRequests(threads=CONCURRENT)
        self.limit = DeferredSemaphore(CONCURRENT)
        self.timer = LoopingCall(lambda: maybeDeferred(self.check_all).addErrback(log_failure))
        super().__init__(*args, **kwargs)

    @async_to_deferred
    async def reconfigService(self, site: Site, installation: Installation) -> None:  # type: ignore[override]  # as Buildbot itself
        await super().reconfigService()
        self.site = site
        self.installation = installation
        self.results: dict[tuple[str, str], Health] = {}
        if self.running:
            self.restart_timer()

    def restart_timer(self) -> None:
        if self.timer.running:
            self.timer.stop()
        self.timer.start(self.site.health_seconds)

    @async_to_deferred
    async def startService(self) -> None:
        await super().startService()
        self.pages.names.start()
        self.restart_timer()
        self.consumer = await self.master.mq.startConsuming(
            self.check_finished, ("builds", None, "finished")
        )

    @async_to_deferred
    async def stopService(self) -> None:
        await maybeDeferred(self.consumer.stopConsuming)
        self.timer.stop()
        # Its threads may be waiting for a name server: the reactor does not wait with them.
        await deferToThread(self.pages.names.stop)
        await super().stopService()

    @async_to_deferred
    async def check_finished(self, _key: Any, build: dict[str, Any]) -> None:
        """Check what was just deployed, without waiting for the timer."""
        builder = await self.master.data.get(("builders", build["builderid"]))
        for environment, component in self.checked():
            if environment.builder(component) == builder["name"]:
                await self.start_check(environment, component)
                self.changes += 1  # the same answer, of another release

    def checked(self) -> list[tuple[Environment, Component]]:
        return [(e, c) for e in self.site.environments for c in self.site.components]

    def edges(self, environment: Environment) -> dict[str, str]:
        """The address of each server's edge, by the server's name."""
        servers = self.installation.servers.get(environment.name, {})
        addresses = {name: server.edge for name, server in servers.items()}
        return addresses or {"": self.reach(environment).address or ""}

    def reach(self, environment: Environment) -> Reach:
        return self.installation.reach.get(environment.name, Reach())

    def check_all(self) -> "Deferred[Any]":
        return DeferredList([self.start_check(*pair) for pair in self.checked()])

    def start_check(self, environment: Environment, component: Component) -> "Deferred[None]":
        """Check when there is room for it; a failure of the check is logged and shown."""
        check = self.limit.run(self.check, environment, component)
        return check.addErrback(self.note_failure, environment, component)

    def note_failure(
        self, failure: Failure, environment: Environment, component: Component
    ) -> None:
        """After an unexpected exception the health is unknown: it says nothing of the release."""
        log.err(failure, f"health check of {component.name} in {environment.name}")
        key = environment.name, component.name
        last = self.results.get(key)
        message = f"the check failed: {type(failure.value).__name__}; the master's log says more"
        self.keep(key, Health(healthy=None, message=message, when=last.when if last else None))

    def keep(self, key: tuple[str, str], health: Health) -> None:
        last = self.results.get(key)
        self.results[key] = health
        if last is None or (last.healthy, last.message) != (health.healthy, health.message):
            self.changes += 1

    @async_to_deferred
    async def check(self, environment: Environment, component: Component) -> None:
        message, healthy = await self.request_all(environment, component)
        health = Health(healthy=healthy, message=message, when=datetime.now(UTC))
        self.keep((environment.name, component.name), health)

    async def request_all(self, environment: Environment, component: Component) -> tuple[str, bool]:
        """Request the checked page from every server; the first result that is unhealthy."""
        message = ""
        for name, address in self.edges(environment).items():
            message, healthy = await self.request(environment, component, address)
            if not healthy:
                return f"{name}: {message}" if name else message, False
        return message, True

    async def request(
        self, environment: Environment, component: Component, address: str
    ) -> tuple[str, bool]:
        """The answer of one address in words, and whether it is healthy."""
        check = component.checks[0]
        url = environment.url(component).rstrip("/") + check.path
        try:
            authority = self.reach(environment).authority
            page = await self.pages.get(url, address, authority)
        except NoAnswer as error:
            return f"GET {check.path} -> no answer: {error}", False
        message = f"GET {check.path} -> {page.status}"
        if page.status != check.status:
            return f"{message}, expected {check.status}", False
        if check.contains and check.contains not in page.text:
            return f"{message} without '{check.contains}'", False
        if overdue := page.overdue(datetime.now(UTC)):
            return f"{message}, but {overdue}", False
        return message, True


def log_failure(failure: Failure) -> None:
    log.err(failure, "a round of health checks failed")
