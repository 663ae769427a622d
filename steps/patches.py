"""Apply our changes on top of the upstream release."""

from buildbot.process.results import SUCCESS
from buildbot.util.twisted import async_to_deferred

from steps.tree_step import TreeStep


class ApplyPatches(TreeStep):
    """Apply the fork's commits, then `patches/*.patch`; name the first that does not apply."""

    name = "apply-patches"
    description = "applying"

    @async_to_deferred
    async def run(self) -> int:
        upstream = self.component.upstream
        applied = await self.apply_series(upstream.fork, self.component.series(""))
        applied += await self.apply_folder_series()
        self.summarise(f"{patch_count(applied)} applied on {self.getProperty('release')}")
        return SUCCESS


def patch_count(patches: int) -> str:
    return "1 patch" if patches == 1 else f"{patches} patches"
