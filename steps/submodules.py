"""Lay the submodules that the upstream records, each with our own changes on top."""

from buildbot.process.buildstep import BuildStep
from buildbot.process.results import SUCCESS
from buildbot.util.twisted import async_to_deferred

from steps.tree_step import TreeStep


class FetchSubmodules(TreeStep):
    """Replace every submodule by the commit that is recorded for it, or name the one missing."""

    name = "fetch-submodules"
    description = "fetching"

    @async_to_deferred
    async def run(self) -> int:
        laid = await self.fetch_submodules({overlay.into for overlay in self.component.overlays})
        if not self.component.overlays:
            self.refuse_unapplied()
        self.descriptionDone = f"{len(laid)} at their recorded commits"
        return SUCCESS


def wanted(step: BuildStep) -> bool:
    """Whether the tree records submodules, or a series waits for one."""
    waits = isinstance(step, FetchSubmodules) and step.unapplied()
    return bool(step.getProperty("gitlinks")) or bool(waits)
