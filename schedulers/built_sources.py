"""Whether a builder's newest build is made from what a change reports.

A build takes the newest commits when it starts, which may be before the poller sees them.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Protocol

from buildbot.data.resultspec import Filter
from buildbot.master import BuildMaster
from buildbot.process.results import FAILURE, RETRY, SUCCESS, WARNINGS

from change_sources.change_key import FIRST
from releases import ledger

Materials = Iterable[Mapping[str, Any]]


class Taken(StrEnum):
    """Whether a build was made from what a change reports.

    To be compared by value: `master.cfg` loads our modules again for each configuration, and a
    scheduler of the one before meets the members of the new class.
    """

    YES = "it was"
    NO = "a build is needed"
    UNDECIDED = "a build will be or is, and may still be stopped"


class ReportedChange(Protocol):
    """The part of Buildbot's `Change` that says what it reports."""

    repository: str
    category: str | None
    branch: str | None
    revision: str | None
    properties: Any


ENDED_BY_ITSELF = (SUCCESS, WARNINGS, FAILURE)
"""A build with another result, such as a stopped one, says nothing about its sources."""


async def taken(master: BuildMaster, builder: str, change: ReportedChange) -> Taken:
    """Whether the newest build of a builder has taken the head or release of a change."""
    if change.properties.getProperty(FIRST) and await is_requested(master, builder):
        return Taken.UNDECIDED
    path = ("builders", builder, "builds")
    builds: list[dict[str, Any]] = await master.data.get(path, order=["-number"], limit=1)
    if not builds:
        return Taken.NO
    (newest,) = builds
    if not newest["complete"]:
        return taken_by_running(change, await running_materials(master, builder, newest))
    if newest["results"] == RETRY:  # Buildbot repeats it
        return Taken.UNDECIDED
    materials = await recorded_materials(master, newest)
    is_taken = newest["results"] in ENDED_BY_ITSELF and is_among(change, materials)
    return Taken.YES if is_taken else Taken.NO


async def is_requested(master: BuildMaster, builder: str) -> bool:
    """Whether a build waits, such as the first one of a new component."""
    known: dict[str, Any] = await master.data.get(("builders", builder))
    path = ("builders", known["builderid"], "buildrequests")
    return bool(await master.data.get(path, filters=[Filter("claimed", "eq", [False])]))


async def running_materials(
    master: BuildMaster, builder: str, build: Mapping[str, Any]
) -> Materials:
    """What a running build has taken until now."""
    live = master.botmaster.builders.get(builder)
    for running in live.building if live else ():
        if running.number == build["number"]:
            return running.getProperty("materials") or ()
    return await recorded_materials(master, build)


async def recorded_materials(master: BuildMaster, build: Mapping[str, Any]) -> Materials:
    """What a build has taken, as the database says."""
    properties = await ledger.properties(master, build["buildid"])
    return properties.get("materials") or ()


def taken_by_running(change: ReportedChange, materials: Materials) -> Taken:
    """What a build that may still be stopped says of a change."""
    from_there = [material for material in materials if is_followed(change, material)]
    return Taken.UNDECIDED if not from_there or is_among(change, from_there) else Taken.NO


def is_followed(change: ReportedChange, material: Mapping[str, Any]) -> bool:
    """Whether a material is of the branch, or of the releases, that a change is of."""
    of_branch = material["release"] == change.branch
    return material["repository"] == change.repository and (of_branch or is_release(change))


def is_release(change: ReportedChange) -> bool:
    return str(change.category or "").startswith("tags ")


def is_among(change: ReportedChange, materials: Materials) -> bool:
    """Whether a change's head, or its release by name, is among what a build took."""
    return any(
        material["repository"] == change.repository
        and material["release"] == change.branch
        and (material["commit"] == change.revision or is_release(change))
        for material in materials
    )
