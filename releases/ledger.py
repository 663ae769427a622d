"""The ledger: what Buildbot's own database says of builds and deployments; there is no other."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from buildbot.master import BuildMaster
from buildbot.process.results import SUCCESS
from sqlalchemy.engine import Connection
from sqlalchemy.pool import SingletonThreadPool

from model.reading import Model
from model.site import Site
from releases.history import Action, Entry, History, current_name
from releases.trial import TRIAL_PROPERTY, Report

ONE_OPEN_CONNECTION: dict[str, Any] = {"poolclass": SingletonThreadPool}
"""SQLite folds its log when the last connection closes, and Buildbot closes after each query."""

Reports = dict[str, tuple[Report | None, str]]
"""By component: the report of its last trials, and the address of their build in the UI."""

DEPTH = 200
"""How many builds of one builder are looked at, of those that succeeded and of the others."""

LEDGER_PROPERTIES = (
    *(
        "action",
        "configuration",
        "configured",
        "migration",
        "approved",
        "despite",
        "freeze_override",
        "digest",
        "environment",
        "live",
        "moved",
        "owner",
    ),
    *("reason", "recorded", "release", "wanted", TRIAL_PROPERTY),
)
"""The properties that are read: Buildbot has many more of each build."""


class Build(Model):
    """One build, as Buildbot's database keeps it."""

    id: int
    number: int
    builder: str
    builderid: int
    requested: datetime
    started: datetime
    finished: datetime | None
    """None while it runs."""
    results: int | None
    state_string: str
    """Buildbot's own, with the build's sentence in it."""
    properties: Mapping[str, Any]

    @property
    def link(self) -> str:
        """Its page in the UI."""
        return f"#/builders/{self.builderid}/builds/{self.number}"

    @property
    def sentence(self) -> str:
        return build_sentence(self.state_string)

    @property
    def succeeded(self) -> bool:
        return self.results == SUCCESS

    @property
    def action(self) -> Action | None:
        """Why it ran; None for a build that concerns no environment, or all components."""
        named = self.properties.get("action")
        return Action(named) if named in list(Action) else None

    @property
    def digest(self) -> str | None:
        """The release that it was about."""
        return self.properties.get("digest") or self.properties.get("approved")

    @property
    def made_live(self) -> bool:
        """Whether the servers say so, however the build ended."""
        live = self.properties.get("live")
        return live is not None and live == self.properties.get("digest")

    @property
    def owner(self) -> str:
        return self.properties.get("owner") or "a green build"

    @property
    def reason(self) -> str:
        return self.properties.get("reason") or ""


Builds = dict[str, tuple[Build, ...]]
"""By builder: its builds, newest first."""


def database(address: str) -> dict[str, Any]:
    """The value of `c["db"]`."""
    sqlite = address.startswith("sqlite:")
    return {"db_url": address, "engine_kwargs": ONE_OPEN_CONNECTION if sqlite else {}}


async def builds(master: BuildMaster, builders: Collection[str]) -> Builds:
    """The last builds of some builders, with the properties in LEDGER_PROPERTIES.

    This takes two database queries for any number of builders; Buildbot's data API needs one for
    each build.
    """
    pool: Any = master.db.pool
    result: Builds = await pool.do(read_builds, master.db.model, frozenset(builders))
    return result


def read_builds(connection: Connection, tables: Any, names: Collection[str]) -> Builds:
    """Runs in one of the database's threads."""
    last_builds = last_builds_query(tables, names)
    rows = connection.execute(last_builds).all()
    properties = read_properties(connection, tables, last_builds)
    result: defaultdict[str, list[Build]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.number, reverse=True):
        result[row.name].append(
            Build(
                id=row.id,
                number=row.number,
                builder=row.name,
                builderid=row.builderid,
                requested=from_timestamp(row.submitted_at),
                started=from_timestamp(row.started_at),
                finished=from_timestamp(row.complete_at) if row.complete_at else None,
                results=row.results,
                state_string=row.state_string,
                properties=properties[row.id],
            )
        )
    return {name: tuple(result[name]) for name in names}


def last_builds_query(tables: Any, names: Collection[str]) -> Any:
    """The last DEPTH builds of each builder that succeeded, and as many of the others.

    They are counted apart so that refusals do not crowd out the builds that deployed something.
    """
    every, builders, requests = tables.builds, tables.builders, tables.buildrequests
    rank = sa.func.row_number().over(
        partition_by=[every.c.builderid, every.c.results == SUCCESS],
        order_by=every.c.number.desc(),
    )
    ranked = (
        sa.select(every, builders.c.name, requests.c.submitted_at, rank.label("rank"))
        .join(builders, builders.c.id == every.c.builderid)
        .join(requests, requests.c.id == every.c.buildrequestid)
        .where(builders.c.name.in_(names))
        .subquery()
    )
    return sa.select(ranked).where(ranked.c.rank <= DEPTH)


def read_properties(
    connection: Connection, tables: Any, last_builds: Any
) -> defaultdict[int, dict[str, Any]]:
    """The properties of these builds, by the build's id."""
    stored = tables.build_properties
    ids = last_builds.with_only_columns(last_builds.selected_columns.id)
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


def build_sentence(state_string: str) -> str:
    """A build's own sentence, without the words that Buildbot puts around it."""
    own = state_string.removeprefix("build successful ").removeprefix("failed ")
    return own.replace(" (failure)", "")


def from_timestamp(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def history_from_builds(newest_first: Collection[Build]) -> History:
    """The history of these builds, which are of one builder; builds that still run do not count."""
    entries = (history_entry(build) for build in newest_first)
    return History(entries=tuple(entry for entry in entries if entry))


def newest_digest(newest_first: Collection[Build]) -> str | None:
    """The digest that was recorded last; its build may still be running its last steps."""
    digests = (build.properties.get("recorded") for build in newest_first)
    return next((str(digest) for digest in digests if digest), None)


async def reports(master: BuildMaster, site: Site) -> Reports:
    """The report of each component's last trial."""
    trials = await builds(master, [component.trial_builder for component in site.trial_components])
    result: Reports = {}
    for component in site.trial_components:
        finished = (
            b
            for b in trials[component.trial_builder]
            if b.finished and TRIAL_PROPERTY in b.properties
        )
        build = next(finished, None)
        report = Report.model_validate(build.properties[TRIAL_PROPERTY]) if build else None
        link = build.link if build else f"#/builders/{component.trial_builder}"
        result[component.name] = report, link
    return result


async def properties(master: BuildMaster, buildid: int) -> dict[str, Any]:
    """A build's properties, without where each comes from."""
    stored = await master.data.get(("builds", buildid, "properties"))
    return {name: value for name, (value, _) in stored.items()}


def history_entry(build: Build) -> Entry | None:
    """A build as an entry of the history; None for a build that changed nothing.

    A build that was stopped or lost its worker counts if the servers reported a live release.
    """
    action = build.action
    if action is None or build.finished is None or not (build.made_live or build.succeeded):
        return None
    return Entry(
        build=build.number,
        action=action,
        digest=build.digest,
        configuration=build.properties.get("configuration") or "",
        made_live=build.made_live,
        owner=build.owner,
        reason=build.reason,
        finished=build.finished,
    )
