"""GitHub's webhooks: https://docs.github.com/en/webhooks/webhook-events-and-payloads."""

import hashlib
import hmac
from collections.abc import Iterable
from typing import Any

from twisted.web.server import Request

from change_sources.webhook import Payload, RejectedRequest, Webhook, fields


class GitHubHook(Webhook):
    """Signed with HMAC-SHA-256 in `X-Hub-Signature-256`."""

    moves_refs = frozenset({"create", "delete", "push", "release"})

    def verify(self, request: Request, body: bytes, secret: bytes) -> None:
        header = request.getHeader(b"X-Hub-Signature-256") or b""
        expected = b"sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest().encode()
        if not hmac.compare_digest(header, expected):
            raise RejectedRequest(403, "no valid X-Hub-Signature-256")

    def event(self, request: Request, payload: Payload) -> str:  # noqa: ARG002  # only the header
        return (request.getHeader(b"X-GitHub-Event") or b"").decode(errors="replace")

    def addresses(self, payload: Payload) -> Iterable[Any]:
        return fields(payload, "repository", "clone_url", "git_url", "html_url", "ssh_url")
