"""The ledger's SQL, on the tables of Buildbot's own database; it runs in the database's threads."""

import json
from collections import defaultdict
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from buildbot.process.results import SUCCESS
from sqlalchemy.engine import Connection

from releases.history import current_name
from releases.trial import TRIAL_PROPERTY

DEPTH = 200
"""How many builds of one builder and kind are shown that decide no rule; the others all count."""

LEDGER_PROPERTIES = (
    *(
        "action",
        "approved",
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


def read_properties(
    connection: Connection, tables: Any, query: Any
) -> defaultdict[int, dict[str, Any]]:
    """The properties of these builds, by the build's id."""
    stored = tables.build_properties
    ids = query.with_only_columns(query.selected_columns.id)
    rows = connection.execute(
        sa.select(stored).where(
            stored.c.buildid.in_(ids),
            stored.c.name.in_(LEDGER_PROPERTIES),
        )
    )
    properties: defaultdict[int, dict[str, Any]] = defaultdict(dict)
    for row in rows:
        value = json.loads(row.value)
        properties[row.buildid][row.name] = current_name(value) if row.name == "action" else value
    return properties
