"""The ledger: what Buildbot's own database says of builds and deployments; there is no other."""

from typing import Any

from buildbot.data.resultspec import Filter
from buildbot.master import BuildMaster
from buildbot.process.results import SUCCESS
from sqlalchemy.pool import SingletonThreadPool

from model.component import Component
from model.environment import Environment
from model.site import Site
from releases.history import Action, Entry, History
from releases.watch import WATCHED, Report

ONE_OPEN_CONNECTION: dict[str, Any] = {"poolclass": SingletonThreadPool}
"""SQLite folds its log when the last connection closes, and Buildbot closes after each query."""

Reports = dict[str, tuple[Report | None, str]]
"""By component: what its watch said last, and the address of that build in the UI."""

DEPTH = 60
"""How many builds of one builder are looked at: many times what a server keeps."""


def database(address: str) -> dict[str, Any]:
    """The value of `c["db"]`."""
    sqlite = address.startswith("sqlite:")
    return {"db_url": address, "engine_kwargs": ONE_OPEN_CONNECTION if sqlite else {}}


async def history(master: BuildMaster, component: Component, environment: Environment) -> History:
    """What happened to one component in one environment, newest first."""
    done = [Filter("complete", "eq", [True])]
    builds = await latest(master, environment.builder(component), done)
    entries = [entry(build, await properties(master, build["buildid"])) for build in builds]
    return History(entries=tuple(entry for entry in entries if entry))


async def newest_release(master: BuildMaster, component: Component) -> str | None:
    """The digest that the last build recorded; it may still be telling the environments."""
    for build in await latest(master, component.builder, []):
        if digest := (await properties(master, build["buildid"])).get("recorded"):
            return str(digest)
    return None


async def reports(master: BuildMaster, site: Site) -> Reports:
    """The last word of each component's watch."""
    found: Reports = {}
    for component in site.watched:
        report, address = None, f"#/builders/{component.watcher}"
        for build in await latest(master, component.watcher, [Filter("complete", "eq", [True])]):
            if told := (await properties(master, build["buildid"])).get(WATCHED):
                report = Report.model_validate(told)
                address = f"#/builders/{build['builderid']}/builds/{build['number']}"
                break
        found[component.name] = report, address
    return found


async def latest(master: BuildMaster, builder: str, filters: list[Filter]) -> list[dict[str, Any]]:
    """The builds of a builder, newest first."""
    builds: list[dict[str, Any]] = await master.data.get(
        ("builders", builder, "builds"), filters=filters, order=["-number"], limit=DEPTH
    )
    return builds


async def properties(master: BuildMaster, buildid: int) -> dict[str, Any]:
    """A build's properties, without their sources."""
    stored = await master.data.get(("builds", buildid, "properties"))
    return {name: value for name, (value, _) in stored.items()}


def entry(build: dict[str, Any], known: dict[str, Any]) -> Entry | None:
    """One build in the words of the ledger; None for one that changed nothing.

    A build that was stopped or lost its worker counts too if the server says what it made live.
    """
    made_live = "live" in known and known["live"] == known.get("digest")
    if known.get("action") not in list(Action) or not (made_live or build["results"] == SUCCESS):
        return None
    return Entry(
        build=build["number"],
        action=known["action"],
        digest=known.get("digest"),
        made_live=made_live,
        owner=known.get("owner") or "a green build",
        reason=known.get("reason") or "",
        finished=build["complete_at"],
    )
