"""Which artifacts of the store can be removed: pure functions."""

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Any

from model.component import Component
from model.environment import Environment
from model.retention import Retention
from model.site import Site
from releases.history import Action, History
from releases.ledger import Builds, history_from_builds, newest_digest
from releases.store import StoredArtifact

DIGEST_PREFIX = re.compile(r"\b[0-9a-f]{4,64}\b")


def removable(
    artifacts: Iterable[StoredArtifact],
    needed: Collection[str],
    retention: Retention,
    now: datetime,
) -> tuple[StoredArtifact, ...]:
    """The artifacts that are not needed, old, and not among the newest of their component.

    `needed` has digests or beginnings of digests, and names of components of which all are needed.
    """
    prefixes = tuple(needed)
    seen: dict[str | None, int] = {}
    result = []
    for artifact in sorted(artifacts, key=lambda artifact: artifact.modified, reverse=True):
        # Without provenance an artifact is of no component, and cannot be deployed.
        seen[artifact.component] = seen.get(artifact.component, 0) + 1
        is_new = artifact.component is not None and seen[artifact.component] <= retention.newest
        is_young = now - artifact.modified <= timedelta(days=retention.days)
        is_needed = artifact.digest.startswith(prefixes) or artifact.component in needed
        if not (is_new or is_young or is_needed):
            result.append(artifact)
    return tuple(result)


def builders(site: Site) -> list[str]:
    """The builders whose builds say what is needed."""
    deploy = [e.builder(c) for e in site.environments for c in site.components]
    site_wide = [e.site_builder for e in site.environments if e.promotes_from]
    return [*deploy, *site_wide, *(c.builder for c in site.components)]


def needed_artifacts(site: Site, builds: Builds) -> set[str]:
    """What the environments and the builds that run need, as `removable` takes it."""
    result = {
        digest
        for component in site.components
        for environment in site.environments
        for digest in needed_in_environment(
            component, environment, history_from_builds(builds[environment.builder(component)])
        )
    }
    newest = (newest_digest(builds[component.builder]) for component in site.components)
    result.update(digest for digest in newest if digest)
    for some in builds.values():
        for build in some:
            if not build.finished:
                result |= named_digests(build.properties.values())
    return result


def needed_in_environment(
    component: Component, environment: Environment, history: History
) -> Iterator[str]:
    """What is live, what servers keep to return to, and what was approved and is not live yet."""
    live = (entry.digest for entry in history.live_entries if entry.digest)
    yield from islice(dict.fromkeys(live), environment.keep + 1)
    later = takewhile(lambda entry: not entry.made_live, history.entries)
    yield from (entry.digest for entry in later if entry.digest)
    notes = (Action.HOLD, Action.LIFT_HOLD, Action.ROLL_BACK)
    if history.live is None and any(entry.action in notes for entry in history.entries):
        # Something is live, but its build is older than those that were read.
        yield component.name


def named_digests(values: Iterable[Any]) -> set[str]:
    """Digests, and beginnings of digests, in the properties of a request or a build."""
    return {digest for value in values for digest in DIGEST_PREFIX.findall(str(value))}
