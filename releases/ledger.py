"""The ledger: what Buildbot's own database says of builds and deployments; there is no other."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from buildbot.master import BuildMaster
from buildbot.process.results import SUCCESS
from sqlalchemy.engine import Connection
from sqlalchemy.pool import SingletonThreadPool

from model.reading import Model
from model.rehearsal import MigrationResult
from model.site import Site
from releases.history import Action, Entry, History
from releases.queries import (
    DEPTH,
    builds_query,
    read_properties,
)
from releases.trial import TRIAL_PROPERTY, Report

ONE_OPEN_CONNECTION: dict[str, Any] = {"poolclass": SingletonThreadPool}
"""SQLite folds its log when the last connection closes, and Buildbot closes after each query."""

Reports = dict[str, tuple[Report | None, str]]
"""By component: the report of its last trials, and the address of their build in the UI."""


class Build(Model):
    """One build, as Buildbot's database keeps it."""

    id: int
    number: int
    builder: str
    builderid: int
    request: int
    """The build request; Buildbot repeats a build that lost its worker for the same one."""
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


T = TypeVar("T")
BUILDERS_AT_ONCE = 10

Builds = dict[str, tuple[Build, ...]]
"""By builder: its builds, newest first."""


def database(address: str) -> dict[str, Any]:
    """The value of `c["db"]`."""
    sqlite = address.startswith("sqlite:")
    return {"db_url": address, "engine_kwargs": ONE_OPEN_CONNECTION if sqlite else {}}


async def builds(master: BuildMaster, builders: Collection[str]) -> Builds:
    """The builds of some builders that decide rules, and the last ones of the others.

    Each has the properties in LEDGER_PROPERTIES. A few builders are read at once: SQLite has one
    thread, and Buildbot waits for it. Its data API would need a query for each build.
    """
    result: Builds = {}
    for some in batches(builders):
        result |= await read(master, read_builds, some)
    return result


async def histories(
    master: BuildMaster, builders: Collection[str]
) -> tuple[dict[str, History], Builds]:
    """The whole history of each of these builders, and its last builds."""
    result: dict[str, History] = {}
    last: Builds = {}
    for some in batches(builders):
        for name, (history, builds_) in (await read(master, read_histories, some)).items():
            result[name], last[name] = history, builds_
    return result, last


def batches(builders: Collection[str]) -> Iterator[list[str]]:
    names = sorted(builders)
    return (names[n : n + BUILDERS_AT_ONCE] for n in range(0, len(names), BUILDERS_AT_ONCE))


async def read(master: BuildMaster, function: Callable[..., T], *arguments: Any) -> T:
    """What a function reads, in one of the database's threads."""
    pool: Any = master.db.pool
    result: T = await pool.do(function, master.db.model, *arguments)
    return result


def read_histories(
    connection: Connection, tables: Any, names: Collection[str]
) -> dict[str, tuple[History, tuple[Build, ...]]]:
    """By builder: its history and its last builds."""
    return {
        name: (history_from_builds(some), some[:DEPTH])
        for name, some in read_builds(connection, tables, names).items()
    }


def read_builds(connection: Connection, tables: Any, names: Collection[str]) -> Builds:
    """Runs in one of the database's threads."""
    rows = connection.execute(builds_query(tables, names)).all()
    properties = read_properties(connection, tables, [row.id for row in rows])
    result: defaultdict[str, list[Build]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.number, reverse=True):
        result[row.name].append(build_from_row(row, properties[row.id]))
    return {name: tuple(result[name]) for name in names}


def build_from_row(row: Any, properties: dict[str, Any]) -> Build:
    return Build(
        id=row.id,
        number=row.number,
        builder=row.name,
        builderid=row.builderid,
        request=row.buildrequestid,
        requested=from_timestamp(row.submitted_at),
        started=from_timestamp(row.started_at),
        finished=from_timestamp(row.complete_at) if row.complete_at else None,
        results=row.results,
        state_string=row.state_string,
        properties=properties,
    )


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
    migration = build.properties.get("migration")
    return Entry(
        build=build.number,
        action=action,
        digest=build.digest,
        configuration=build.properties.get("configuration") or "",
        migration=MigrationResult.model_validate(migration) if migration else None,
        made_live=build.made_live,
        owner=build.owner,
        reason=build.reason,
        finished=build.finished,
        link=build.link,
    )
