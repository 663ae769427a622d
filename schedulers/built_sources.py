"""Whether a builder's newest build is made from what a change reports.

A build takes the newest commits when it starts, which may be before the poller sees them.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from buildbot.data.resultspec import Filter
from buildbot.master import BuildMaster
from buildbot.process.results import FAILURE, SUCCESS, WARNINGS

from change_sources.change_key import FIRST
from releases import ledger


class ReportedChange(Protocol):
    """The part of Buildbot's `Change` that says what it reports."""

    repository: str
    category: str | None
    branch: str | None
    revision: str | None
    properties: Any


async def needs_no_build(master: BuildMaster, builder: str, change: ReportedChange) -> bool:
    """Whether a build has taken what a change reports, or, of a first head, is going to."""
    if change.properties.getProperty(FIRST) and await is_requested(master, builder):
        return True
    return await newest_build_has(master, builder, change)


async def is_requested(master: BuildMaster, builder: str) -> bool:
    """Whether a build waits, such as the first one of a new component."""
    known: dict[str, Any] = await master.data.get(("builders", builder))
    path = ("builders", known["builderid"], "buildrequests")
    return bool(await master.data.get(path, filters=[Filter("claimed", "eq", [False])]))


ENDED_BY_ITSELF = (SUCCESS, WARNINGS, FAILURE)
"""A build with another result, such as a stopped one, says nothing about its sources."""


async def newest_build_has(master: BuildMaster, builder: str, change: ReportedChange) -> bool:
    """Whether the newest build, which may still run, has taken the head or release of a change."""
    path = ("builders", builder, "builds")
    newest: list[dict[str, Any]] = await master.data.get(path, order=["-number"], limit=1)
    if not newest or (newest[0]["complete"] and newest[0]["results"] not in ENDED_BY_ITSELF):
        return False
    materials = running_materials(master, builder, newest[0]["number"])
    if materials is None:
        properties = await ledger.properties(master, newest[0]["buildid"])
        materials = properties.get("materials") or ()
    return is_among(change, materials)


def running_materials(
    master: BuildMaster, builder: str, number: int
) -> Iterable[Mapping[str, Any]] | None:
    """What a running build has taken until now; None when this master does not run it."""
    live = master.botmaster.builders.get(builder)
    for build in live.building if live else ():
        if build.number == number:
            return build.getProperty("materials") or ()
    return None


def is_among(change: ReportedChange, materials: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a change's head, or its release by name, is among what a build took."""
    followed = str(change.category or "")
    return any(
        material["repository"] == change.repository
        and material["release"] == change.branch
        and (material["commit"] == change.revision or followed.startswith("tags "))
        for material in materials
    )
