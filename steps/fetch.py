"""Fetch the upstream release, and start the tree with it."""

from buildbot.process.results import SUCCESS
from buildbot.util.twisted import async_to_deferred

from steps.tree_step import TreeStep


class FetchUpstream(TreeStep):
    """Find the newest release that the component follows, and fetch only that."""

    name = "fetch-upstream"
    description = "fetching"

    @async_to_deferred
    async def run(self) -> int:
        await self.run_script("repository")
        upstream, tree, date, _ = await self.add_source(self.component.upstream)
        self.setProperty("release", upstream.release, self.name)
        self.setProperty("upstream-tree", tree, self.name)
        self.setProperty("upstream-date", date, self.name)
        self.summarise(f"{upstream.release} at {upstream.commit[:8]}")
        return SUCCESS
