"""Send a file of the store to a worker, and say how much it was."""

from pathlib import Path

from buildbot.process.results import SUCCESS
from buildbot.steps.transfer import FileDownload
from buildbot.util.twisted import async_to_deferred


class Send(FileDownload):
    """Buildbot's own transfer, with an outcome instead of an intention."""

    haltOnFailure = True
    flunkOnFailure = True

    @async_to_deferred
    async def run(self) -> int:
        result: int = await super().run()
        if result == SUCCESS:
            self.descriptionDone = f"{Path(self.mastersrc).stat().st_size / 1e3:,.0f} kB sent"
        return result
