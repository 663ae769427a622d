"""Have the upstream release in the component's repository, and start a tree from it."""

from typing import Any

from buildbot.process.results import SUCCESS
from buildbot.util.twisted import async_to_deferred

from model.component import Source
from steps.git import REPOSITORY, GitStep

ATTRIBUTES = "* -export-ignore -export-subst -text -ident -filter\n"
"""Pack every file as it is, whatever the upstream's .gitattributes say."""


class FetchUpstream(GitStep):
    """Find the newest followed release and fetch it; nothing else of the repository."""

    name = "fetch-upstream"
    description = "fetching"

    def __init__(self, source: Source, **kwargs: Any) -> None:
        self.source = source
        super().__init__(**kwargs)

    @async_to_deferred
    async def run(self) -> int:
        await self.shell("git", "init", "--quiet", "--bare", REPOSITORY)
        await self.shell("tee", f"{REPOSITORY}/info/attributes", stdin=ATTRIBUTES)
        upstream = await self.fetch(self.source)
        await self.git("read-tree", upstream.commit)
        facts = (await self.git("show", "--no-patch", "--format=%T %ct", upstream.commit)).split()
        self.setProperty("release", upstream.release, self.name)
        self.setProperty("materials", [upstream.model_dump()], self.name)
        self.setProperty("upstream-tree", facts[0], self.name)
        self.setProperty("upstream-date", facts[1], self.name)
        self.descriptionDone = f"{upstream.release} at {upstream.commit[:8]}"
        return SUCCESS
