"""Have the upstream release in the component's repository, and start a tree from it."""

from typing import Any

from buildbot.process.results import SUCCESS
from buildbot.util.twisted import async_to_deferred

from model.component import Source
from steps.git import GitStep


class FetchUpstream(GitStep):
    """Find the newest followed release and fetch it; nothing else of the repository."""

    name = "fetch-upstream"
    description = "fetching"

    def __init__(self, source: Source, **kwargs: Any) -> None:
        self.source = source
        super().__init__(**kwargs)

    @async_to_deferred
    async def run(self) -> int:
        await self.script("repository")
        upstream, facts = await self.lay(self.source)
        tree, date = facts.split()
        self.setProperty("release", upstream.release, self.name)
        self.setProperty("materials", [upstream.model_dump()], self.name)
        self.setProperty("upstream-tree", tree, self.name)
        self.setProperty("upstream-date", date, self.name)
        self.descriptionDone = f"{upstream.release} at {upstream.commit[:8]}"
        return SUCCESS
