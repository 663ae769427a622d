"""The ledger's SQL, on the tables of Buildbot's own database; it runs in the database's threads."""

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from buildbot.process.results import SUCCESS
from sqlalchemy.engine import Connection

from releases.history import current_name
from releases.trial import TRIAL_PROPERTY

DEPTH = 20
"""How many builds of one builder and kind are shown that decide no rule; the others all count."""

AT_ONCE = 5000
"""Builds whose properties one query reads: databases limit the values of one query."""

FEW_BUILDERS = 10

LEDGER_PROPERTIES = (
    *(
        "action",
        "configuration",
        "configured",
        "migration",
        "approved",
        "decision",
        "despite",
        "freeze_override",
        "digest",
        "environment",
        "live",
        "moved",
        "owner",
    ),
    *("plan", "reason", "recorded", "release", "wanted", TRIAL_PROPERTY),
)
"""The properties that are read: Buildbot has many more of each build."""


def builds_query(tables: Any, names: Collection[str]) -> Any:
    """Every build that may decide a rule, however old, and the last DEPTH of the others.

    A build decides if it succeeded in an action, or reports what is live, moved or planned. The
    others are counted by kind, so that refusals do not crowd out the builds that made releases.
    """
    every, builders, requests = tables.builds, tables.builders, tables.buildrequests
    stored = tables.build_properties

    def reports(*properties: str) -> Any:
        named = stored.c.buildid == every.c.id, stored.c.name.in_(properties)
        return sa.exists().where(*named).correlate(every)

    succeeded = every.c.results == SUCCESS
    decides = reports("live", "moved", "plan") | (succeeded & reports("action"))
    kinds = (
        sa.select(
            every,
            builders.c.name,
            requests.c.submitted_at,
            succeeded.label("succeeded"),
            decides.label("decides"),
            reports("recorded", TRIAL_PROPERTY).label("made"),
        )
        .join(builders, builders.c.id == every.c.builderid)
        .join(requests, requests.c.id == every.c.buildrequestid)
        .where(builders.c.name.in_(names))
        .subquery()
    )
    rank = sa.func.row_number().over(
        partition_by=[kinds.c.builderid, kinds.c.succeeded, kinds.c.made],
        order_by=kinds.c.number.desc(),
    )
    ranked = sa.select(kinds, rank.label("rank")).subquery()
    return sa.select(ranked).where(ranked.c.decides | (ranked.c.rank <= DEPTH))


def finished_builds_query(
    tables: Any,
    names: Collection[str],
    *,
    older_than: int | None = None,
    since: int | None = None,
    digest: str | None = None,
    limit: int | None = None,
) -> Any:
    """The builds of some builders that are over, the last that began first; only those that match.

    `older_than` is the id of a build, `since` the earliest end in seconds since 1970, `digest` the
    release that they are about. Each comes with `before`, the digest that was live before it, as
    JSON.
    """
    every, builders, requests = tables.builds, tables.builders, tables.buildrequests
    stored = tables.build_properties
    builder_ids = sa.select(builders.c.id).where(builders.c.name.in_(names)).scalar_subquery()
    # Without this sum, SQLite would find all builds by the index of their builders, and sort them.
    builder = every.c.builderid + 0 if len(names) > FEW_BUILDERS else every.c.builderid
    chosen = (
        sa.select(every.c.id)
        .where(builder.in_(builder_ids), every.c.complete_at.is_not(None))
        .order_by(every.c.id.desc())
    )
    if older_than is not None:
        chosen = chosen.where(every.c.id < older_than)
    if since is not None:
        chosen = chosen.where(every.c.complete_at >= since)
    if digest is not None:
        is_about = (stored.c.buildid == every.c.id) & stored.c.name.in_(("digest", "approved"))
        chosen = chosen.where(
            sa.exists().where(is_about, stored.c.value == json.dumps(digest)).correlate(every)
        )
    ids = chosen.limit(limit).subquery()
    return (
        sa.select(every, builders.c.name, requests.c.submitted_at)
        .add_columns(live_before(tables).label("before"))
        .join(ids, ids.c.id == every.c.id)
        .join(builders, builders.c.id == every.c.builderid)
        .join(requests, requests.c.id == every.c.buildrequestid)
        .order_by(every.c.id.desc())
    )


def live_before(tables: Any) -> Any:
    """The digest that the last earlier build of the same builder made live, as JSON."""
    every, earlier = tables.builds, tables.builds.alias()
    live, digest = tables.build_properties.alias(), tables.build_properties.alias()
    return (
        sa.select(digest.c.value)
        .select_from(earlier)
        .join(live, (live.c.buildid == earlier.c.id) & (live.c.name == "live"))
        .join(digest, (digest.c.buildid == earlier.c.id) & (digest.c.name == "digest"))
        .where(
            earlier.c.builderid == every.c.builderid,
            earlier.c.number < every.c.number,
            earlier.c.complete_at.is_not(None),
            live.c.value == digest.c.value,
        )
        .order_by(earlier.c.number.desc())
        .limit(1)
        .correlate(every)
        .scalar_subquery()
    )


def merges_query(tables: Any, names: Collection[str], since: int) -> Any:
    """The digest that each build recorded, as JSON, and when its request was made; oldest first.

    `since` is the earliest end of a build in seconds since 1970.
    """
    every, requests, stored = tables.builds, tables.buildrequests, tables.build_properties
    builders = tables.builders
    return (
        sa.select(stored.c.value, requests.c.submitted_at)
        .select_from(every)
        .join(builders, builders.c.id == every.c.builderid)
        .join(requests, requests.c.id == every.c.buildrequestid)
        .join(stored, (stored.c.buildid == every.c.id) & (stored.c.name == "recorded"))
        .where(builders.c.name.in_(names), every.c.complete_at >= since)
        .order_by(every.c.id)
    )


def read_properties(
    connection: Connection,
    tables: Any,
    ids: Sequence[int],
    names: Collection[str] = LEDGER_PROPERTIES,
) -> defaultdict[int, dict[str, Any]]:
    """The properties of some builds that have these names, by the build's id."""
    stored = tables.build_properties
    properties: defaultdict[int, dict[str, Any]] = defaultdict(dict)
    columns = sa.select(stored.c.buildid, stored.c.name, stored.c.value)
    for start in range(0, len(ids), AT_ONCE):
        some = stored.c.buildid.in_(ids[start : start + AT_ONCE])
        rows = connection.execute(columns.where(some, stored.c.name.in_(names)))
        for build, name, text in rows:
            value = json.loads(text)
            properties[build][name] = current_name(value) if name == "action" else value
    return properties
