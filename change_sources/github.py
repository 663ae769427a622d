"""A GitHub webhook is a hint: it makes the pollers of that repository poll at once."""

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

MAX_BYTES = 25 * 1024 * 1024
"""GitHub's own limit: https://docs.github.com/en/webhooks/webhook-events-and-payloads."""


class RejectedRequest(Exception):
    """A request that is answered with an HTTP status other than 202."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        super().__init__(reason)


class GitHubHook:
    """The handler of `/change_hook/github`; only pollers record changes."""

    def __init__(self, master: BuildMaster, options: dict[str, Any]) -> None:
        self.master = master
        self.secret: Secret = options["secret"]

    @async_to_deferred
    async def getChanges(self, request: Request) -> tuple[list[Any], None]:
        try:
            names = self.poll_now(repositories(await self.read_payload(request)))
        except RejectedRequest as rejection:
            log.msg(f"webhook from {request.getClientAddress().host} rejected: {str(rejection)!r}")
            await send_response(request, rejection)
        log.msg(f"webhook: polling {', '.join(names)}")
        return [], None

    async def read_payload(self, request: Request) -> dict[str, Any]:
        """The payload, after its signature is verified."""
        header = request.getHeader(b"X-Hub-Signature-256") or b""
        if not header.startswith(b"sha256="):
            raise RejectedRequest(403, "no valid X-Hub-Signature-256")
        body = request.content.read(MAX_BYTES + 1) if request.content else b""
        if len(body) > MAX_BYTES:
            raise RejectedRequest(413, f"more than {MAX_BYTES} bytes")
        properties = Properties()
        properties.master = self.master
        secret = str(await properties.render(self.secret))
        if not hmac.compare_digest(header, signature(body, secret).encode()):
            raise RejectedRequest(403, "no valid X-Hub-Signature-256")
        return parse_payload(body)

    def poll_now(self, addresses: set[str]) -> list[str]:
        """Make the pollers of a repository poll at once; their names."""
        pollers = [
            source
            for source in self.master.change_svc
            if isinstance(source, ReconfigurablePollingChangeSource)
            # By the attribute: a reconfiguration loads our classes again.
            and canonical_address(getattr(source, "repourl", "")) in addresses
        ]
        if not pollers:
            raise RejectedRequest(404, f"nothing here follows {' or '.join(sorted(addresses))}")
        for poller in pollers:
            poller.force()
        return [str(poller.name) for poller in pollers]


def signature(body: bytes, secret: str) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def parse_payload(body: bytes) -> dict[str, Any]:
    try:
        decoded = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RejectedRequest(400, f"not JSON: {error}") from None
    if not isinstance(decoded, dict):
        raise RejectedRequest(400, "not a JSON object")
    return decoded


def repositories(event: dict[str, Any]) -> set[str]:
    """The addresses of the repository of an event."""
    repository = event.get("repository")
    fields = repository if isinstance(repository, dict) else {}
    values = {fields.get(key) for key in ("clone_url", "html_url", "ssh_url")}
    addresses = {canonical_address(value) for value in values if isinstance(value, str)}
    if not addresses:
        raise RejectedRequest(400, "no repository in the payload")
    return addresses


def canonical_address(address: str) -> str:
    """An address without the parts that may differ: case, `.git`, a closing slash."""
    return address.lower().rstrip("/").removesuffix(".git")


def send_response(request: Request, rejection: RejectedRequest) -> "Deferred[None]":
    """Answer in place of Buildbot's hook resource, which knows only the statuses 202, 400 and 500.

    The Deferred never fires, so that Buildbot does not answer too.
    """
    request.setResponseCode(rejection.status)
    request.write(f"{rejection}\n".encode(errors="replace"))
    request.finish()
    return Deferred()
