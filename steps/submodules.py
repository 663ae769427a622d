"""Add the submodules that the upstream records, each with its series."""

from buildbot.process.buildstep import BuildStep
from buildbot.process.results import SUCCESS
from buildbot.util.twisted import async_to_deferred

from steps.tree_step import TreeStep


class FetchSubmodules(TreeStep):
    """Replace every submodule by its recorded commit; name the first that cannot be fetched."""

    name = "fetch-submodules"
    description = "fetching"

    @async_to_deferred
    async def run(self) -> int:
        fetched = await self.fetch_submodules({overlay.into for overlay in self.component.overlays})
        if not self.component.overlays:
            self.refuse_unapplied()
        self.summarise(f"{len(fetched)} at their recorded commits")
        return SUCCESS


def are_needed(step: BuildStep) -> bool:
    """Whether the tree records submodules, or a series is for the path of one."""
    unapplied = isinstance(step, FetchSubmodules) and step.unapplied_paths()
    return bool(step.getProperty("gitlinks") or unapplied)
