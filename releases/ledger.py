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
from releases.rules import Action, Entry, History
from releases.trial import TRIAL_PROPERTY, Report

ONE_OPEN_CONNECTION: dict[str, Any] = {"poolclass": SingletonThreadPool}
"""SQLite folds its log when the last connection closes, and Buildbot closes after each query."""

Reports = dict[str, tuple[Report | None, str]]
"""By component: the report of its last trials, and the address of their build in the UI."""

DEPTH = 200
"""How many builds of one builder are looked at, of those that succeeded and of the others."""

LEDGER_PROPERTIES = (
    *("action", "approved", "despite", "digest", "environment", "live", "moved", "owner"),
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
    said: str
    """Its own sentence."""
    properties: Mapping[str, Any]

    @property
    def link(self) -> str:
        """Its page in the UI."""
        return f"#/builders/{self.builderid}/builds/{self.number}"

    @property
    def sentence(self) -> str:
        return sentence(self.said)

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
    """The last builds of some builders, with what they are known to have done.

    Two questions to the database, however many builders there are: Buildbot's data API asks one
    for each build.
    """
    pool: Any = master.db.pool
    found: Builds = await pool.do(read, master.db.model, frozenset(builders))
    return found


def read(connection: Connection, tables: Any, names: Collection[str]) -> Builds:
    """Run in a thread of the database's."""
    every, builders, requests = tables.builds, tables.builders, tables.buildrequests
    # Refusals and builds that moved nothing do not push out of sight what did something.
    newest_first = sa.func.row_number().over(
        partition_by=[every.c.builderid, every.c.results == SUCCESS],
        order_by=every.c.number.desc(),
    )
    ranked = (
        sa.select(every, builders.c.name, requests.c.submitted_at, newest_first.label("rank"))
        .join(builders, builders.c.id == every.c.builderid)
        .join(requests, requests.c.id == every.c.buildrequestid)
        .where(builders.c.name.in_(names))
        .subquery()
    )
    rows = connection.execute(sa.select(ranked).where(ranked.c.rank <= DEPTH)).all()
    told = connection.execute(
        sa.select(tables.build_properties).where(
            tables.build_properties.c.buildid.in_(
                sa.select(ranked.c.id).where(ranked.c.rank <= DEPTH)
            ),
            tables.build_properties.c.name.in_(LEDGER_PROPERTIES),
        )
    )
    properties: defaultdict[int, dict[str, Any]] = defaultdict(dict)
    for row in told:
        properties[row.buildid][row.name] = json.loads(row.value)
    found: defaultdict[str, list[Build]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.number, reverse=True):
        found[row.name].append(
            Build(
                id=row.id,
                number=row.number,
                builder=row.name,
                builderid=row.builderid,
                requested=moment(row.submitted_at),
                started=moment(row.started_at),
                finished=moment(row.complete_at) if row.complete_at else None,
                results=row.results,
                said=row.state_string,
                properties=properties[row.id],
            )
        )
    return {name: tuple(found[name]) for name in names}


def sentence(said: str) -> str:
    """What a build said, without the words that Buildbot puts around it."""
    own = said.removeprefix("build successful ").removeprefix("failed ")
    return own.replace(" (failure)", "")


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def history_from_builds(newest_first: Collection[Build]) -> History:
    """The history that builds make; those that run have done nothing yet."""
    return History(entries=tuple(found for build in newest_first if (found := entry(build))))


def recorded(newest_first: Collection[Build]) -> str | None:
    """The digest that was recorded last; that build may still be telling the environments."""
    digests = (build.properties.get("recorded") for build in newest_first)
    return next((str(digest) for digest in digests if digest), None)


async def reports(master: BuildMaster, site: Site) -> Reports:
    """The last report of each component's trials."""
    builds_of = await builds(
        master, [component.trial_builder for component in site.trial_components]
    )
    found: Reports = {}
    for component in site.trial_components:
        reported = (
            build
            for build in builds_of[component.trial_builder]
            if build.finished and TRIAL_PROPERTY in build.properties
        )
        build = next(reported, None)
        report = Report.model_validate(build.properties[TRIAL_PROPERTY]) if build else None
        link = build.link if build else f"#/builders/{component.trial_builder}"
        found[component.name] = report, link
    return found


async def properties(master: BuildMaster, buildid: int) -> dict[str, Any]:
    """A build's properties, without their sources."""
    stored = await master.data.get(("builds", buildid, "properties"))
    return {name: value for name, (value, _) in stored.items()}


def entry(build: Build) -> Entry | None:
    """One build in the words of the ledger; None for one that changed nothing.

    A build that was stopped or lost its worker counts too if the server says what it made live.
    """
    action = build.action
    if action is None or build.finished is None or not (build.made_live or build.succeeded):
        return None
    return Entry(
        build=build.number,
        action=action,
        digest=build.digest,
        made_live=build.made_live,
        owner=build.owner,
        reason=build.reason,
        finished=build.finished,
    )
