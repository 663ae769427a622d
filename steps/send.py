"""Send a file of the store to a worker, and report its size."""

from pathlib import Path

from buildbot.process.results import SUCCESS
from buildbot.steps.transfer import FileDownload
from buildbot.util.twisted import async_to_deferred


class SendFile(FileDownload):
    """Buildbot's own transfer, which ends with the size that was sent."""

    haltOnFailure = True
    flunkOnFailure = True

    @async_to_deferred
    async def run(self) -> int:
        result: int = await super().run()
        if result == SUCCESS:
            self.descriptionDone = f"{Path(self.mastersrc).stat().st_size / 1e3:,.0f} kB sent"
        return result
