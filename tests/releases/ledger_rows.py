"""Builds as rows of Buildbot's own tables."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from buildbot.db.model import Model as Tables
from sqlalchemy.engine import Connection

from releases.ledger import Build

MASTER = 99


@contextmanager
def database(*builds: Build) -> Iterator[Connection]:
    """A new database with the builders of these builds, and nothing else."""
    engine = sa.create_engine("sqlite://")
    Tables.metadata.create_all(engine)
    with engine.connect() as connection:
        names = {name: n for n, name in enumerate(sorted({b.builder for b in builds}), start=1)}
        rows: list[dict[str, Any]] = [
            {"id": n, "name": name, "name_hash": name} for name, n in names.items()
        ]
        insert(connection, Tables.builders, rows)
        write_builds(connection, Tables, builds, names)
        yield connection


def write_builds(
    connection: Connection, tables: Any, builds: Iterable[Build], builders: Mapping[str, int]
) -> None:
    """Write builds down, with new ids; `builders` has the number of each builder."""
    last = connection.execute(sa.select(sa.func.max(tables.builds.c.id))).scalar() or 0
    numbered = list(enumerate(builds, start=last + 1))
    master = {"name": "ledger", "name_hash": "ledger", "active": 0, "last_active": 0}
    connection.execute(tables.masters.insert().values(id=MASTER, **master))
    sets = [{"id": n, "submitted_at": timestamp(b.requested), "complete": 1} for n, b in numbered]
    insert(connection, tables.buildsets, sets)
    requests = [
        {**row, "buildsetid": row["id"], "builderid": builders[build.builder]}
        for row, (_, build) in zip(sets, numbered, strict=True)
    ]
    insert(connection, tables.buildrequests, requests)
    rows = (build_row(number, build, builders[build.builder]) for number, build in numbered)
    insert(connection, tables.builds, list(rows))
    properties = [
        {"buildid": number, "name": name, "value": json.dumps(value), "source": "test"}
        for number, build in numbered
        for name, value in build.properties.items()
    ]
    insert(connection, tables.build_properties, properties)
    connection.commit()


def insert(connection: Connection, table: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(table.insert(), rows)


def build_row(number: int, build: Build, builder: int) -> dict[str, Any]:
    return {
        "id": number,
        "number": build.number,
        "builderid": builder,
        "buildrequestid": number,
        "masterid": MASTER,
        "started_at": timestamp(build.started),
        "complete_at": timestamp(build.finished) if build.finished else None,
        "locks_duration_s": 0,
        "state_string": build.state_string,
        "results": build.results,
    }


def timestamp(when: Any) -> int:
    return int(when.timestamp())
