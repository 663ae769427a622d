"""The release tags that a poller records, at first and later."""

import shutil
import tempfile
from pathlib import Path

from buildbot.test.util.integration import RunMasterBase
from buildbot.util.twisted import async_to_deferred
from twisted.internet import reactor
from twisted.internet.task import deferLater

from change_sources.change_key import FIRST
from change_sources.release_poller import SEEN, poller
from model.component import Source
from tests.repositories import Repository

SERIES = ("1.*", "1.9", "2.*", "5.*")


class FirstReleases(RunMasterBase):
    """A repository whose releases several components follow."""

    @async_to_deferred
    async def test_at_first_the_newest_of_each_series_is_recorded_and_then_what_is_new(
        self,
    ) -> None:
        """A build may have taken an older one: the repository had it when it was not polled."""
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        upstream = Repository(folder / "upstream")
        upstream.commit({"index.php": "<?php\n"})
        for tag in ("1.8", "1.9", "1.10", "2.0", "3.0"):
            upstream.git("tag", tag)
        polling = poller([Source(repository=upstream.address, release=s) for s in SERIES], 3600)
        await self.setup_master({"change_source": [polling], "multiMaster": True})
        while not await polling.remembered(SEEN):
            await deferLater(reactor, 0.02)
        assert await self.recorded() == [("1.9", True), ("1.10", True), ("2.0", True)]
        await polling.poll()
        upstream.git("tag", "3.1")
        await polling.poll()
        assert (await self.recorded())[3:] == [("3.1", False)]

    async def recorded(self) -> list[tuple[str, bool]]:
        """Each release that was recorded, and whether as one of the first."""
        changes = await self.master.data.get(("changes",))
        return [
            (change["branch"], FIRST in change["properties"])
            for change in sorted(changes, key=lambda change: change["changeid"])
        ]
