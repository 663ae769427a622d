"""A GitHub webhook is a hint: it makes the pollers of that repository look now."""

import hashlib
import hmac
import json
from typing import Any

from buildbot.changes.base import ReconfigurablePollingChangeSource
from buildbot.master import BuildMaster
from buildbot.process.properties import Properties, Secret
from buildbot.util.twisted import async_to_deferred
from twisted.internet.defer import Deferred
from twisted.python import log
from twisted.web.server import Request

LIMIT = 25 * 1024 * 1024
"""Bytes; GitHub sends no more: https://docs.github.com/en/webhooks/webhook-events-and-payloads."""


class RejectedRequest(Exception):
    """A request that is turned away, with the HTTP status that says why."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        super().__init__(reason)


class Hint:
    """The handler of `/change_hook/github`; the changes themselves come from the pollers alone."""

    def __init__(self, master: BuildMaster, options: dict[str, Any]) -> None:
        self.master = master
        self.secret: Secret = options["secret"]

    @async_to_deferred
    async def getChanges(self, request: Request) -> tuple[list[Any], None]:
        try:
            poked = self.poke(repositories(await self.signed(request)))
        except RejectedRequest as turned:
            log.msg(f"webhook from {request.getClientAddress().host} turned away: {str(turned)!r}")
            await answer(request, turned)
        log.msg(f"webhook: looking at {', '.join(poked)}")
        return [], None

    async def signed(self, request: Request) -> dict[str, Any]:
        """The payload, once its signature is found good."""
        given = request.getHeader(b"X-Hub-Signature-256") or b""
        if not given.startswith(b"sha256="):
            raise RejectedRequest(403, "no valid X-Hub-Signature-256")
        body = request.content.read(LIMIT + 1) if request.content else b""
        if len(body) > LIMIT:
            raise RejectedRequest(413, f"more than {LIMIT} bytes")
        properties = Properties()
        properties.master = self.master
        secret = str(await properties.render(self.secret))
        if not hmac.compare_digest(given, signature(body, secret).encode()):
            raise RejectedRequest(403, "no valid X-Hub-Signature-256")
        return payload(body)

    def poke(self, addresses: set[str]) -> list[str]:
        """Make the pollers of a repository look now; the names of those that do."""
        pollers = [
            source
            for source in self.master.change_svc
            if isinstance(source, ReconfigurablePollingChangeSource)
            # By the attribute, for a reconfiguration makes other classes of the same names.
            and canonical(getattr(source, "repourl", "")) in addresses
        ]
        if not pollers:
            raise RejectedRequest(404, f"nothing here follows {' or '.join(sorted(addresses))}")
        for poller in pollers:
            poller.force()
        return [str(poller.name) for poller in pollers]


def signature(body: bytes, secret: str) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def payload(body: bytes) -> dict[str, Any]:
    try:
        decoded = json.loads(body)
    except (ValueError, RecursionError) as mistake:
        raise RejectedRequest(400, f"not JSON: {mistake}") from None
    if not isinstance(decoded, dict):
        raise RejectedRequest(400, "not a JSON object")
    return decoded


def repositories(event: dict[str, Any]) -> set[str]:
    """The addresses under which GitHub knows the repository of an event."""
    repository = event.get("repository")
    named = repository if isinstance(repository, dict) else {}
    addresses = {named.get(key) for key in ("clone_url", "html_url", "ssh_url")}
    known = {canonical(address) for address in addresses if isinstance(address, str)}
    if not known:
        raise RejectedRequest(400, "no repository in the payload")
    return known


def canonical(address: str) -> str:
    """An address without what may differ: case, `.git`, a closing slash."""
    return address.lower().rstrip("/").removesuffix(".git")


def answer(request: Request, turned: RejectedRequest) -> "Deferred[None]":
    """Answer by ourselves: Buildbot's hook resource knows no status but 202, 400 and 500.

    It goes on when this Deferred fires, so it never does.
    """
    request.setResponseCode(turned.status)
    request.write(f"{turned}\n".encode(errors="replace"))
    request.finish()
    return Deferred()
