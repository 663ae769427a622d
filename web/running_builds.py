"""What runs now, and how many requests wait."""

from typing import Any

from buildbot.data.resultspec import Filter
from buildbot.master import BuildMaster

from releases import ledger
from releases.history import current_name
from web.views.board import expected_seconds
from web.views.board_model import Running

INCOMPLETE = Filter("complete", "eq", [False])
UNCLAIMED = Filter("claimed", "eq", [False])


async def running_builds(
    master: BuildMaster, builds: ledger.Builds, names: dict[int, str]
) -> dict[str, Running]:
    """The builds that run, by builder; `names` by builder id."""
    return {
        names[build["builderid"]]: await running_build(master, build, builds, names)
        for build in await master.data.get(("builds",), filters=[INCOMPLETE])
    }


async def queued_requests(master: BuildMaster, names: dict[int, str]) -> dict[str, int]:
    """How many requests wait that nobody has begun, by builder."""
    queued: dict[str, int] = {}
    for request in await master.data.get(("buildrequests",), filters=[INCOMPLETE, UNCLAIMED]):
        name = names[request["builderid"]]
        queued[name] = queued.get(name, 0) + 1
    return queued


async def running_build(
    master: BuildMaster, build: dict[str, Any], builds: ledger.Builds, names: dict[int, str]
) -> Running:
    steps = await master.data.get(("builds", build["buildid"], "steps"))
    properties = await ledger.properties(master, build["buildid"])
    step = next((s for s in steps if s["started_at"] and not s["complete"]), None)
    builder = names[build["builderid"]]
    action = current_name(properties.get("action")) or ""
    return Running(
        link=f"#/builders/{build['builderid']}/builds/{build['number']}",
        action=action,
        owner=str(properties.get("owner") or ""),
        step=step["name"] if step else "",
        message=step["state_string"] if step else build["state_string"],
        done=sum(s["complete"] for s in steps),
        worker=str(properties.get("workername") or ""),
        started=build["started_at"],
        seconds=expected_seconds(builds.get(builder, ()), action),
    )
