"""Health of live releases: a page of each is requested again and again, as visitors do."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from buildbot.util.service import BuildbotService
from buildbot.util.twisted import async_to_deferred
from requests import Response
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException
from twisted.internet.defer import Deferred, DeferredList, DeferredSemaphore, maybeDeferred
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThread
from twisted.python import log
from twisted.python.failure import Failure
from txrequests.sessions import Session

from model.component import Component
from model.environment import Environment
from model.installation import Installation, Reach
from model.site import Site
from web.views.board_model import Health

TIMEOUT = 10.0
"""Seconds."""

CONCURRENT = 4
"""Requests at once: no more than a visitor's browser makes."""


class AddressAdapter(HTTPAdapter):
    """Connects to one address whatever the host name resolves to; TLS verifies the host name."""

    def __init__(self, address: str, host: str) -> None:
        self.address = address
        self.host = host
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"server_hostname": self.host, "assert_hostname": self.host}
        super().init_poolmanager(*args, **kwargs)

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        parts = urlsplit(request.url)
        request.headers["Host"] = parts.netloc
        port = f":{parts.port}" if parts.port else ""
        request.url = urlunsplit(parts._replace(netloc=f"{self.address}{port}"))
        return super().send(request, *args, **kwargs)


class HealthChecks(BuildbotService):
    """Requests a page of every live release periodically, and keeps the last results."""

    name = "health"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.sessions: dict[str, Session] = {}
        """By the edge's address; an empty one means wherever the host name leads."""
        self.limit = DeferredSemaphore(CONCURRENT)
        self.timer = LoopingCall(self.check_all)
        super().__init__(*args, **kwargs)

    @async_to_deferred
    async def reconfigService(self, site: Site, installation: Installation) -> None:  # type: ignore[override]  # as Buildbot itself
        await super().reconfigService()
        self.site = site
        self.installation = installation
        self.results: dict[tuple[str, str], Health] = {}
        for environment, component in self.checked():
            for address in self.edges(environment).values():
                if address not in self.sessions:  # a thread would outlive checkconfig
                    self.sessions[address] = Session(minthreads=0, maxthreads=CONCURRENT)
                if address:
                    adapter = AddressAdapter(address, environment.host(component))
                    self.sessions[address].mount(environment.url(component).rstrip("/"), adapter)
        if self.running:
            self.restart_timer()

    def restart_timer(self) -> None:
        if self.timer.running:
            self.timer.stop()
        self.timer.start(self.site.health_seconds).addErrback(log_failure)

    @async_to_deferred
    async def startService(self) -> None:
        await super().startService()
        self.restart_timer()
        self.consumer = await self.master.mq.startConsuming(
            self.check_finished, ("builds", None, "finished")
        )

    @async_to_deferred
    async def stopService(self) -> None:
        await maybeDeferred(self.consumer.stopConsuming)
        self.timer.stop()
        # Its threads may be waiting for an answer: the reactor does not wait with them.
        for session in self.sessions.values():
            await deferToThread(session.close)
        await super().stopService()

    @async_to_deferred
    async def check_finished(self, _key: Any, build: dict[str, Any]) -> None:
        """Check what was just deployed, without waiting for the timer."""
        builder = await self.master.data.get(("builders", build["builderid"]))
        for environment, component in self.checked():
            if environment.builder(component) == builder["name"]:
                await self.limit.run(self.check, environment, component)

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
        checks = [self.limit.run(self.check, *pair) for pair in self.checked()]
        return DeferredList(checks, consumeErrors=True)

    @async_to_deferred
    async def check(self, environment: Environment, component: Component) -> None:
        message, healthy = await self.request_all(environment, component)
        self.results[environment.name, component.name] = Health(
            healthy=healthy, message=message, when=datetime.now(UTC)
        )

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
        authority = self.reach(environment).authority
        try:
            response: Response = await self.sessions[address].get(  # type: ignore[misc]  # a Deferred of one
                environment.url(component).rstrip("/") + check.path,
                timeout=TIMEOUT,
                verify=str(authority) if authority else True,
                allow_redirects=False,
                headers={"User-Agent": "slipway-health"},
            )
        except (RequestException, OSError) as error:
            return f"GET {check.path} -> no answer: {type(error).__name__}", False
        message = f"GET {check.path} -> {response.status_code}"
        if response.status_code != check.status:
            return f"{message}, expected {check.status}", False
        if check.contains and check.contains not in response.text:
            return f"{message} without '{check.contains}'", False
        return message, True


def log_failure(failure: Failure) -> None:
    log.err(failure, "health checks ended")
