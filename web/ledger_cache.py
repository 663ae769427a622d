"""What the page keeps of the ledger in memory: the builds that no other one has changed since."""

from typing import Any

from buildbot.master import BuildMaster
from buildbot.util.twisted import async_to_deferred
from twisted.internet.defer import DeferredLock

from model.site import Site
from releases import ledger
from releases.history import History


class LedgerCache:
    """The builds that decide rules and the last others, and the histories that they make."""

    def __init__(self, master: BuildMaster, site: Site) -> None:
        self.master = master
        self.builders = builders(site)
        self.builds: ledger.Builds = {}
        self.histories: dict[str, History] = {}
        """By builder."""
        self.stale = set(self.builders)
        """The builders whose builds must be read again."""
        self.finished = 0
        """Counts the builds that have ended since the start."""
        self.loading = DeferredLock()

    @async_to_deferred
    async def note_build(self, key: Any, build: dict[str, Any]) -> None:
        """A build has begun or ended; `key` is that of Buildbot's message."""
        builder = await self.master.data.get(("builders", build["builderid"]))
        if builder["name"] in self.builders:
            self.stale.add(builder["name"])
        self.finished += key[-1] == "finished"

    async def load(self) -> None:
        """Read again what has changed."""
        await self.loading.acquire()
        try:
            while self.stale:
                stale, self.stale = self.stale, set()
                try:
                    builds, histories = await ledger.builds_and_histories(self.master, stale)
                except BaseException:
                    self.stale |= stale
                    raise
                self.builds = {**self.builds, **builds}
                self.histories = {**self.histories, **histories}
        finally:
            self.loading.release()


def builders(site: Site) -> list[str]:
    """The builders that make or deploy releases."""
    deploy = [e.builder(c) for e in site.environments for c in site.components]
    site_wide = [e.site_builder for e in site.environments if e.promotes_from]
    return [*deploy, *site_wide, *(c.builder for c in site.components)]
