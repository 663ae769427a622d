"""Builds as the ledger has them, written down by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

from buildbot.process.results import SUCCESS

from model.component import Component
from model.environment import Environment
from model.site import Site
from releases.ledger import Build, Builds

START = datetime(2026, 11, 23, 10, tzinfo=UTC)
"""A Monday."""

OLD, NEW, NEWER = "a" * 64, "b" * 64, "c" * 64


def component(name: str) -> Component:
    upstream = {"repository": f"https://example.org/{name}.git", "branch": "main"}
    return Component.model_validate(
        {
            "name": name,
            "title": name.title(),
            "runtime": "static",
            "host": name,
            "upstream": upstream,
        }
    )


STAGING = Environment(name="staging", domain="s.example", indexed=False, tls="internal")
PRODUCTION = Environment(
    name="production", domain="p.example", indexed=True, tls="acme", promotes_from="staging"
)
SITE = Site.model_validate(
    {
        "title": "A site",
        "releasers": ("ana", "ben"),
        "poll_seconds": 5,
        "order": ("docs",),
        "folder": "/nowhere",
        "components": (component("blog"), component("docs")),
        "environments": (STAGING, PRODUCTION),
    }
)


def build(
    number: int,
    builder: str = "blog-production",
    *,
    results: int | None = SUCCESS,
    state_string: str = "build successful well",
    minutes: int | None = None,
    start: datetime | None = None,
    live: str | None = None,
    request: int | None = None,
    **properties: Any,
) -> Build:
    """A build that took half a minute; one with `live` made its digest live."""
    began = start or START + timedelta(minutes=number if minutes is None else minutes)
    known = {"owner": "ana", "reason": "because", **properties}
    known |= {"digest": live, "live": live} if live else {}
    return Build(
        id=number,
        number=number,
        builder=builder,
        builderid=7,
        request=number if request is None else request,
        requested=began - timedelta(seconds=30),
        started=began,
        finished=None if results is None else began + timedelta(seconds=30),
        results=results,
        state_string=state_string,
        properties=known,
    )


def ledger(*told: Build) -> Builds:
    """By builder, newest first; told oldest first."""
    found: dict[str, list[Build]] = {}
    for one in reversed(told):
        found.setdefault(one.builder, []).append(one)
    return {name: tuple(some) for name, some in found.items()}
