"""Receive a file from a worker, whole or not at all, and say why when it cannot be written."""

from typing import Any

from buildbot.process.remotetransfer import FileWriter
from buildbot.process.results import FAILURE
from buildbot.steps.transfer import FileUpload, makeStatusRemoteCommand
from buildbot.util.twisted import async_to_deferred

from releases.store import write_problem


class GuardedWriter(FileWriter):
    """Buildbot's own, which keeps the first error and then delivers no file."""

    error: OSError | None = None

    def remote_write(self, data: bytes) -> None:
        """The rest of what the worker sends is dropped: the step fails at its end."""
        if self.error is None:
            try:
                super().remote_write(data)
            except OSError as error:
                self.error = error

    def remote_close(self) -> None:
        if self.error is None:
            try:
                super().remote_close()
            except OSError as error:
                self.error = error
        if self.error:
            self.purge()


class ReceiveFile(FileUpload):
    """Buildbot's own transfer with a sentence for a disk that is full."""

    haltOnFailure = True
    flunkOnFailure = True

    @async_to_deferred
    async def run(self) -> int:
        self.stdio_log = await self.addLog("stdio")
        try:
            writer = GuardedWriter(self.masterdest, self.maxsize, self.mode)
        except OSError as error:
            return self.fail(write_problem(error, self.masterdest))
        arguments: dict[str, Any] = {
            "workdir": self.workdir,
            "workersrc": self.workersrc,
            "writer": writer,
            "maxsize": self.maxsize,
            "blocksize": self.blocksize,
            "keepstamp": False,
        }
        command = makeStatusRemoteCommand(self, "uploadFile", arguments)
        result: int = await self.runTransferCommand(command, writer)
        if writer.error:
            return self.fail(write_problem(writer.error, self.masterdest))
        return result

    def fail(self, message: str) -> int:
        self.descriptionDone = message
        return int(FAILURE)
