"""GitLab's webhooks: https://docs.gitlab.com/user/project/integrations/webhook_events/."""

import hmac
from collections.abc import Iterable
from typing import Any

from twisted.web.server import Request

from change_sources.webhook import Payload, RejectedRequest, Webhook, fields

SYSTEM_HOOK = "System Hook"
"""An administrator's, for all projects; the payload says the event."""
ADDRESSES = ("git_http_url", "git_ssh_url", "web_url", "http_url", "ssh_url", "homepage", "url")


class GitLabHook(Webhook):
    """Contains the secret itself in `X-Gitlab-Token`; a payload is not signed."""

    moves_refs = frozenset(
        {"Push Hook", "Tag Push Hook", "Release Hook", "push", "tag_push", "repository_update"}
    )

    def verify(self, request: Request, body: bytes, secret: bytes) -> None:  # noqa: ARG002  # GitLab signs nothing
        token = request.getHeader(b"X-Gitlab-Token") or b""
        if not hmac.compare_digest(token, secret):
            raise RejectedRequest(403, "no valid X-Gitlab-Token")

    def event(self, request: Request, payload: Payload) -> str:
        header = (request.getHeader(b"X-Gitlab-Event") or b"").decode(errors="replace")
        return str(payload.get("event_name") or "") if header == SYSTEM_HOOK else header

    def addresses(self, payload: Payload) -> Iterable[Any]:
        tables = ("project", "repository")
        return [value for table in tables for value in fields(payload, table, *ADDRESSES)]
