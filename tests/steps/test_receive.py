"""A full disk of the master: a sentence, and nothing half-done.

The limit on the size of files that this process writes stands for the disk: the kernel refuses a
write in the same way, in the middle of a file.
"""

import os
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from buildbot.config.builder import BuilderConfig
from buildbot.process.factory import BuildFactory
from buildbot.process.results import FAILURE, SUCCESS
from buildbot.schedulers.forcesched import ForceScheduler
from buildbot.test.util.integration import RunMasterBase
from buildbot.util.twisted import async_to_deferred

from steps.git import BLOCK
from steps.receive import ReceiveFile


@contextmanager
def limited(size: int) -> Iterator[None]:
    """Let no file grow beyond a number of bytes."""
    before, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, hard))


class Receiving(RunMasterBase):
    """A master that receives a file of 2 MB."""

    async def receive(self, limit: int) -> tuple[int, str]:
        folder = Path(tempfile.mkdtemp(dir=".")).absolute()
        self.content, self.received = os.urandom(2_000_000), folder / "incoming" / "blog-1.tar.zst"
        (folder / "sent").write_bytes(self.content)
        step = ReceiveFile(str(folder / "sent"), str(self.received), blocksize=BLOCK, mode=0o644)
        builder = BuilderConfig("build", workernames=["local1"], factory=BuildFactory([step]))
        force = ForceScheduler(name="force", builderNames=["build"])
        await self.setup_master({"builders": [builder], "schedulers": [force], "multiMaster": True})
        with limited(limit):
            done = await self.doForceBuild(wantSteps=True)
        return done["results"], done["steps"][-1]["state_string"]

    @async_to_deferred
    async def test_what_fits_arrives(self) -> None:
        results, _ = await self.receive(limit=4_000_000)
        assert results == SUCCESS
        assert self.received.read_bytes() == self.content

    @async_to_deferred
    async def test_what_does_not_fit_is_said_and_leaves_nothing(self) -> None:
        results, words = await self.receive(limit=700_000)
        assert results == FAILURE
        folder = self.received.parent
        assert f"the master cannot write to {folder}: File too large; " in words
        assert list(folder.iterdir()) == []
