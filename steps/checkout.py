"""Files on the worker's disk, for commands that need them: checking out and collecting a tree."""

from typing import Any

from buildbot.process.results import SUCCESS
from buildbot.util.twisted import async_to_deferred

from steps.git import GitStep

TREE = "tree"
"""The folder of the checkout, below the builder's work folder."""


class CheckOut(GitStep):
    """Make the work folder the same as the tree."""

    name = "check-out"
    description = "checking out"

    @async_to_deferred
    async def run(self) -> int:
        tree = await self.script("checkout", TREE)
        self.descriptionDone = f"tree {tree[:8]}"
        return SUCCESS


class CollectOutput(GitStep):
    """Take what the build commands made as the tree to pack."""

    name = "collect-output"
    description = "collecting"

    def __init__(self, output: str, **kwargs: Any) -> None:
        self.output = output
        super().__init__(**kwargs)

    @async_to_deferred
    async def run(self) -> int:
        files = await self.script("collect", f"{TREE}/{self.output}")
        self.descriptionDone = f"{int(files)} files"
        return SUCCESS
