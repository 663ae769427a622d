"""A webhook is a hint: it makes the pollers of its repository poll at once, and records nothing.

Everything that a forge sends is answered 200 or 202 with a sentence, because forges stop sending to
who answers otherwise; only what is unsigned, forged or malformed is refused.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, NamedTuple
from urllib.parse import parse_qs

from buildbot.changes.base import ReconfigurablePollingChangeSource
from buildbot.master import BuildMaster
from buildbot.process.properties import Properties, Secret
from buildbot.util.twisted import async_to_deferred
from twisted.internet.defer import Deferred
from twisted.python import log
from twisted.web.server import Request

from change_sources.repository_address import host_and_path

MAX_BYTES = 25 * 1024 * 1024
"""GitHub's own limit: https://docs.github.com/en/webhooks/webhook-events-and-payloads."""
FORM = b"application/x-www-form-urlencoded"
SHOWN = 5
"""How many addresses an answer names."""

Payload = dict[str, Any]


class RejectedRequest(Exception):
    """A request that is unsigned, forged or malformed; the text says what is wrong."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        super().__init__(reason)


class HookAnswer(NamedTuple):
    """What the forge is answered."""

    status: int
    text: str


class Webhook(ABC):
    """The handler of `/change_hook/<forge>`."""

    moves_refs: ClassVar[frozenset[str]]
    """The events that may change a branch or a tag."""

    def __init__(self, master: BuildMaster, options: dict[str, Any]) -> None:
        self.master = master
        self.secret: Secret = options["secret"]

    @abstractmethod
    def verify(self, request: Request, body: bytes, secret: bytes) -> None:
        """Raises RejectedRequest unless the forge sent this."""

    @abstractmethod
    def event(self, request: Request, payload: Payload) -> str:
        """What happened, as the forge calls it; "" when the request does not say it."""

    @abstractmethod
    def addresses(self, payload: Payload) -> Iterable[Any]:
        """Every address that the payload gives its repository; anything but text is ignored."""

    @async_to_deferred
    async def getChanges(self, request: Request) -> tuple[list[Any], None]:
        """Answers by itself: Buildbot's hook resource knows only the statuses 202, 400 and 500."""
        try:
            answer = self.respond(request, await self.read_verified(request))
        except RejectedRequest as rejection:
            answer = HookAnswer(rejection.status, str(rejection))
        log.msg(f"webhook from {request.getClientAddress().host}: {answer.status} {answer.text!r}")
        send(request, answer)
        await Deferred()  # never fires, so that Buildbot does not answer too
        return [], None

    async def read_verified(self, request: Request) -> bytes:
        """The body, when the forge sent it."""
        content = request.content
        if content is None:
            raise RejectedRequest(400, "no body")
        content.seek(0)  # Twisted has read a form already
        body: bytes = content.read(MAX_BYTES + 1)
        if len(body) > MAX_BYTES:
            raise RejectedRequest(413, f"more than {MAX_BYTES} bytes")
        self.verify(request, body, await self.read_secret())
        return body

    async def read_secret(self) -> bytes:
        properties = Properties()
        properties.master = self.master
        try:
            secret = str(await properties.render(self.secret))
        except KeyError:
            secret = ""
        if not secret:
            name = self.secret.secret_name
            raise RejectedRequest(403, f"the master has no secret '{name}' to verify this with")
        return secret.encode()

    def respond(self, request: Request, body: bytes) -> HookAnswer:
        is_form = (request.getHeader(b"Content-Type") or b"").lower().startswith(FORM)
        payload = parse_payload(form_payload(body) if is_form else body)
        event = self.event(request, payload)
        if not event:
            raise RejectedRequest(400, "the request does not say which event it is")
        addresses = {a for a in self.addresses(payload) if isinstance(a, str) and a}
        if event == "ping":
            return HookAnswer(200, f"pong: {self.followed(addresses)}")
        if event not in self.moves_refs:
            return HookAnswer(202, f"event {event!r} changes no branch and no tag")
        if not addresses:
            raise RejectedRequest(400, f"event {event!r} without a repository")
        pollers = self.pollers_of(addresses) or self.pollers_at(payload.get("before"))
        for poller in pollers:
            poller.force()
        if pollers:
            return HookAnswer(200, f"polling {names(pollers)}")
        return HookAnswer(202, self.followed(addresses))

    def followed(self, addresses: set[str]) -> str:
        """What is followed of a repository, in a sentence."""
        if not addresses:
            return f"{len(self.pollers())} branches and sets of tags are followed here"
        if pollers := self.pollers_of(addresses):
            return f"followed here: {names(pollers)}"
        return f"nothing here follows {' or '.join(sorted(addresses)[:SHOWN])}"

    def pollers(self) -> list[ReconfigurablePollingChangeSource]:
        services = self.master.change_svc
        return [each for each in services if isinstance(each, ReconfigurablePollingChangeSource)]

    def pollers_of(self, addresses: set[str]) -> list[ReconfigurablePollingChangeSource]:
        keys = {host_and_path(address) for address in addresses}
        # By the attribute: a reconfiguration loads our classes again.
        return [p for p in self.pollers() if host_and_path(getattr(p, "repourl", "")) in keys]

    def pollers_at(self, commit: Any) -> list[ReconfigurablePollingChangeSource]:
        """The pollers whose branch was at a commit: of a repository that has been renamed."""
        heads = ((poller, getattr(poller, "head", None)) for poller in self.pollers())
        return [poller for poller, head in heads if head and head == commit]


def names(pollers: Iterable[ReconfigurablePollingChangeSource]) -> str:
    return ", ".join(str(poller.name) for poller in pollers)


def form_payload(body: bytes) -> bytes:
    """The field of a form that holds the JSON; the signature is of the whole form."""
    try:
        fields = parse_qs(body.decode("ascii"), strict_parsing=True, errors="strict")
        (payload,) = fields["payload"]
    except (ValueError, KeyError):
        raise RejectedRequest(400, "no form with one field 'payload'") from None
    return payload.encode()


def parse_payload(body: bytes) -> Payload:
    try:
        decoded = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RejectedRequest(400, f"not JSON: {error}") from None
    if not isinstance(decoded, dict):
        raise RejectedRequest(400, "not a JSON object")
    return decoded


def fields(payload: Payload, table: str, *keys: str) -> list[Any]:
    """The values of some keys in a table of a payload; none when it is no table."""
    found = payload.get(table)
    return [found.get(key) for key in keys] if isinstance(found, dict) else []


def send(request: Request, answer: HookAnswer) -> None:
    request.setResponseCode(answer.status)
    request.setHeader(b"content-type", b"text/plain; charset=utf-8")
    if request.channel is not None:  # the forge is still there
        request.write(f"{answer.text}\n".encode(errors="replace"))
        request.finish()
