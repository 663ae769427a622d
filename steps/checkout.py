"""Check the tree out for commands that need files, and collect their output."""

from typing import Any

from buildbot.process.results import SUCCESS
from buildbot.util.twisted import async_to_deferred

from steps.git import SCRIPTS, GitStep

TREE = "tree"
"""The folder of the checkout, in the builder's work folder."""

RUN = "run.bash"
"""The script on the worker that runs the component's commands."""


class CheckOut(GitStep):
    """Make the folder of the checkout equal to the tree."""

    name = "check-out"
    description = "checking out"

    @async_to_deferred
    async def run(self) -> int:
        tree = await self.run_script("check_out", TREE)
        await self.upload_file(RUN, (SCRIPTS / RUN).read_bytes())
        self.descriptionDone = f"tree {tree[:8]}"
        return SUCCESS


class CollectOutput(GitStep):
    """Replace the tree by the output of the build commands."""

    name = "collect-output"
    description = "collecting"

    def __init__(self, output: str, **kwargs: Any) -> None:
        self.output = output
        super().__init__(**kwargs)

    @async_to_deferred
    async def run(self) -> int:
        files = await self.run_script("collect_output", f"{TREE}/{self.output}")
        self.descriptionDone = f"{int(files)} files"
        return SUCCESS
