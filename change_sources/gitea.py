"""Gitea's and Forgejo's webhooks: https://docs.gitea.com/usage/webhooks."""

import hashlib
import hmac
from collections.abc import Iterable
from typing import Any

from twisted.web.server import Request

from change_sources.webhook import Payload, RejectedRequest, Webhook, fields

SIGNATURES = (b"X-Forgejo-Signature", b"X-Gitea-Signature")
EVENTS = (b"X-Forgejo-Event", b"X-Gitea-Event")


class GiteaHook(Webhook):
    """Signed with HMAC-SHA-256 in `X-Gitea-Signature`, Forgejo's with its own name too."""

    moves_refs = frozenset({"create", "delete", "push", "release"})

    def verify(self, request: Request, body: bytes, secret: bytes) -> None:
        header = first_header(request, SIGNATURES)
        expected = hmac.new(secret, body, hashlib.sha256).hexdigest().encode()
        if not hmac.compare_digest(header, expected):
            raise RejectedRequest(403, "no valid X-Gitea-Signature")

    def event(self, request: Request, payload: Payload) -> str:  # noqa: ARG002  # only the header
        return first_header(request, EVENTS).decode(errors="replace")

    def addresses(self, payload: Payload) -> Iterable[Any]:
        return fields(payload, "repository", "clone_url", "html_url", "ssh_url", "original_url")


def first_header(request: Request, names: Iterable[bytes]) -> bytes:
    """The first of these headers that the request has; empty without any."""
    return next((value for name in names if (value := request.getHeader(name))), b"")
