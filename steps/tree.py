"""Files on the worker's disk, for commands that need them: checking out and collecting a tree."""

from typing import Any

from buildbot.process.results import SUCCESS
from buildbot.util.twisted import async_to_deferred

from steps.git import INDEX, GitStep

TREE = "tree"
"""The folder of the checkout, below the builder's work folder."""


class CheckOut(GitStep):
    """Make the work folder the same as the tree; only what differs is written."""

    name = "check-out"
    description = "checking out"

    @async_to_deferred
    async def run(self) -> int:
        tree = (await self.git("write-tree")).strip()
        await self.shell("mkdir", "-p", TREE)
        await self.in_tree(TREE, "checkout-index", "read-tree", "--reset", "-u", tree)
        await self.in_tree(TREE, "checkout-index", "clean", "-ffdxq")
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
        made = await self.attempt(("test", "-d", f"{TREE}/{self.output}"))
        if made.didFail():
            self.fail(f"the build made no folder '{self.output}'")
        await self.git("read-tree", "--empty")
        await self.in_tree(f"{TREE}/{self.output}", INDEX, "add", "--all", "--force", ".")
        files = (await self.git("ls-files")).splitlines()
        self.descriptionDone = f"{len(files)} files"
        return SUCCESS
