"""Builds of the ledger that are over: what the history shows and the figures count."""

import json
from collections.abc import Collection
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from buildbot.master import BuildMaster
from sqlalchemy.engine import Connection

from releases.ledger import Build, build_from_row, from_timestamp, read
from releases.queries import (
    LEDGER_PROPERTIES,
    finished_builds_query,
    merges_query,
    read_properties,
)


class FinishedBuild(NamedTuple):
    """A build that is over, and the digest that was live before it."""

    build: Build
    before: str | None


async def finished_builds(
    master: BuildMaster, builders: Collection[str], **conditions: Any
) -> list[FinishedBuild]:
    """What `finished_builds_query` finds."""
    return await read(master, partial(read_finished_builds, **conditions), builders)


async def merges(master: BuildMaster, builders: Collection[str], since: int) -> dict[str, datetime]:
    """What `read_merges` finds."""
    return await read(master, read_merges, builders, since)


def read_finished_builds(
    connection: Connection,
    tables: Any,
    names: Collection[str],
    properties: Collection[str] = LEDGER_PROPERTIES,
    **conditions: Any,
) -> list[FinishedBuild]:
    """What `finished_builds_query` finds; runs in one of the database's threads."""
    rows = connection.execute(finished_builds_query(tables, names, **conditions)).all()
    by_build = read_properties(connection, tables, [row.id for row in rows], properties)
    return [
        FinishedBuild(build_from_row(row, by_build[row.id]), json.loads(row.before or "null"))
        for row in rows
    ]


def read_merges(
    connection: Connection, tables: Any, names: Collection[str], since: int
) -> dict[str, datetime]:
    """When the master noticed the merge that a digest was built from, by digest.

    Runs in one of the database's threads.
    """
    rows = connection.execute(merges_query(tables, names, since)).all()
    return {json.loads(row.value): from_timestamp(row.submitted_at) for row in rows}
