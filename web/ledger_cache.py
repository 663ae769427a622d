"""What the page keeps of the ledger in memory: the builds that no other one has changed since."""

import gc
from typing import Any

from buildbot.master import BuildMaster
from buildbot.util.twisted import async_to_deferred
from twisted.internet.defer import DeferredLock

from model.site import Site
from releases import ledger
from releases.history import History


class LedgerCache:
    """The histories of what deploys, and the builds of what makes releases or moves all of them."""

    def __init__(self, master: BuildMaster, site: Site) -> None:
        self.master = master
        self.deploying = {e.builder(c) for e in site.environments for c in site.components}
        self.others = {c.builder for c in site.components}
        self.others |= {e.site_builder for e in site.environments if e.promotes_from}
        self.histories: dict[str, History] = {}
        self.builds: ledger.Builds = {}
        """The last ones of what deploys; all that decide of the others."""
        self.stale = self.deploying | self.others
        """The builders whose builds must be read again."""
        self.finished = 0
        """Counts the builds that have ended since the start."""
        self.loading = DeferredLock()

    @async_to_deferred
    async def note_build(self, key: Any, build: dict[str, Any]) -> None:
        """A build has begun or ended; `key` is that of Buildbot's message."""
        builder = await self.master.data.get(("builders", build["builderid"]))
        if builder["name"] in self.deploying | self.others:
            self.stale.add(builder["name"])
        self.finished += key[-1] == "finished"

    async def load(self) -> None:
        """Read again what has changed."""
        await self.loading.acquire()
        is_first = not self.builds
        if is_first:
            set_aside_long_lived_objects()
        try:
            while self.stale:
                stale, self.stale = self.stale, set()
                try:
                    await self.read(stale)
                except BaseException:
                    self.stale |= stale
                    raise
        finally:
            self.loading.release()
        if is_first:
            gc.freeze()

    async def read(self, names: set[str]) -> None:
        histories, last = await ledger.histories(self.master, names & self.deploying)
        builds = await ledger.builds(self.master, names & self.others)
        self.histories = {**self.histories, **histories}
        self.builds = {**self.builds, **last, **builds}


def set_aside_long_lived_objects() -> None:
    """Keep Python's garbage collector from looking at what stays as long as the master.

    Buildbot and a ledger are so many objects that a full collection holds the reactor up for a
    tenth of a second and more: https://docs.python.org/3/library/gc.html#gc.freeze.
    """
    gc.unfreeze()  # after a reconfiguration, what it has replaced is garbage
    gc.collect()
    gc.freeze()
