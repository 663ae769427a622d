"""Whether what is live answers: each release is asked for a page, as visitors ask for it."""

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
from web.views.board import Health

TIMEOUT = 10.0
"""Seconds."""

AT_ONCE = 4
"""Requests: no more than a visitor's browser would make."""


class At(HTTPAdapter):
    """Connects to one address, whatever the host's name means elsewhere; TLS is for the name."""

    def __init__(self, address: str, host: str) -> None:
        self.address = address
        self.host = host
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        more |= {"server_hostname": self.host, "assert_hostname": self.host}
        super().init_poolmanager(*arguments, **more)

    def send(self, request: Any, *arguments: Any, **more: Any) -> Any:
        parts = urlsplit(request.url)
        request.headers["Host"] = parts.netloc
        port = f":{parts.port}" if parts.port else ""
        request.url = urlunsplit(parts._replace(netloc=f"{self.address}{port}"))
        return super().send(request, *arguments, **more)


class HealthChecks(BuildbotService):
    """Asks again and again; remembers the last answers, which no ledger needs."""

    name = "health"

    def __init__(self, *given: Any, **more: Any) -> None:
        self.sessions: dict[str, Session] = {}
        """By the address that is asked; one that is empty asks wherever a host's name leads."""
        self.few = DeferredSemaphore(AT_ONCE)
        self.asking = LoopingCall(self.ask_all)
        super().__init__(*given, **more)

    @async_to_deferred
    async def reconfigService(self, site: Site, installation: Installation) -> None:  # type: ignore[override]  # as Buildbot itself
        await super().reconfigService()
        self.site = site
        self.installation = installation
        self.answers: dict[tuple[str, str], Health] = {}
        for environment, component in self.places():
            for address in self.edges(environment).values():
                if address not in self.sessions:  # a thread would outlive checkconfig
                    self.sessions[address] = Session(minthreads=0, maxthreads=AT_ONCE)
                if address:
                    adapter = At(address, environment.host(component))
                    self.sessions[address].mount(environment.url(component).rstrip("/"), adapter)
        if self.running:
            self.ask_again_and_again()

    def ask_again_and_again(self) -> None:
        if self.asking.running:
            self.asking.stop()
        self.asking.start(self.site.health_seconds).addErrback(complain)

    @async_to_deferred
    async def startService(self) -> None:
        await super().startService()
        self.ask_again_and_again()
        self.consumer = await self.master.mq.startConsuming(
            self.heard, ("builds", None, "finished")
        )

    @async_to_deferred
    async def stopService(self) -> None:
        await maybeDeferred(self.consumer.stopConsuming)
        self.asking.stop()
        # Its threads may be waiting for an answer: the reactor does not wait with them.
        for session in self.sessions.values():
            await deferToThread(session.close)
        await super().stopService()

    @async_to_deferred
    async def heard(self, _key: Any, build: dict[str, Any]) -> None:
        """Ask what was just deployed without waiting for its turn."""
        builder = await self.master.data.get(("builders", build["builderid"]))
        for environment, component in self.places():
            if environment.builder(component) == builder["name"]:
                await self.few.run(self.ask, environment, component)

    def places(self) -> list[tuple[Environment, Component]]:
        return [(e, c) for e in self.site.environments for c in self.site.components]

    def edges(self, environment: Environment) -> dict[str, str]:
        """The address of each server's edge, by the server's name."""
        servers = self.installation.servers.get(environment.name, {})
        found = {name: host.edge for name, host in servers.items()}
        return found or {"": self.reach(environment).address or ""}

    def reach(self, environment: Environment) -> Reach:
        return self.installation.reach.get(environment.name, Reach())

    def ask_all(self) -> "Deferred[Any]":
        asked = [self.few.run(self.ask, *place) for place in self.places()]
        return DeferredList(asked, consumeErrors=True)

    @async_to_deferred
    async def ask(self, environment: Environment, component: Component) -> None:
        message, healthy = await self.answer(environment, component)
        place = environment.name, component.name
        self.answers[place] = Health(healthy=healthy, message=message, when=datetime.now(UTC))

    async def answer(self, environment: Environment, component: Component) -> tuple[str, bool]:
        """How a component's first page answers now on every server; the first that is not well."""
        message = ""
        for name, address in self.edges(environment).items():
            message, healthy = await self.page(environment, component, address)
            if not healthy:
                return f"{name}: {message}" if name else message, False
        return message, True

    async def page(
        self, environment: Environment, component: Component, address: str
    ) -> tuple[str, bool]:
        """How the page answers at one address, in words, and whether that is well."""
        check = component.checks[0]
        authority = self.reach(environment).authority
        try:
            answer: Response = await self.sessions[address].get(  # type: ignore[misc]  # a Deferred of one
                environment.url(component).rstrip("/") + check.path,
                timeout=TIMEOUT,
                verify=str(authority) if authority else True,
                allow_redirects=False,
                headers={"User-Agent": "slipway-health"},
            )
        except (RequestException, OSError) as wrong:
            return f"GET {check.path} -> no answer: {type(wrong).__name__}", False
        message = f"GET {check.path} -> {answer.status_code}"
        if answer.status_code != check.status:
            return f"{message}, expected {check.status}", False
        if check.contains and check.contains not in answer.text:
            return f"{message} without '{check.contains}'", False
        return message, True


def complain(failure: Failure) -> None:
    log.err(failure, "health checks ended")
