"""Remove the artifacts that no environment needs, and uploads that nobody stored."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from buildbot.data.resultspec import Filter
from buildbot.process.results import SUCCESS
from buildbot.util.twisted import async_to_deferred
from twisted.internet.threads import deferToThread

from model.plural import plural
from model.site import Site
from releases import ledger
from releases.needed_artifacts import builders, named_digests, needed_artifacts, removable
from releases.store import Store
from steps.step import Step

INCOMPLETE = Filter("complete", "eq", [False])


class RemoveArtifacts(Step):
    """Runs on the master; `retention` in `site.toml` says what stays."""

    name = "remove-artifacts"
    description = "removing"
    updateBuildSummaryPolicy = True  # its summary becomes the build's

    def __init__(self, site: Site, store: Store, **kwargs: Any) -> None:
        self.site = site
        self.store = store
        super().__init__(**kwargs)

    @async_to_deferred
    async def run(self) -> int:
        needed = (
            needed_artifacts(self.site, await ledger.builds(self.master, builders(self.site)))
            | await self.queued_digests()
        )
        now = datetime.now(UTC)
        choose = partial(removable, needed=needed, retention=self.site.retention, now=now)
        try:
            artifacts, uploads = await deferToThread(self.store.remove, choose, now)
        except OSError as error:
            self.fail(f"cannot remove {error.filename}: {error.strerror}")
        lines = [f"{a.digest} of {a.component}, {a.size:,} bytes" for a in artifacts] + uploads
        if lines:
            await self.addCompleteLog("removed", "".join(f"{line}\n" for line in lines))
        size = sum(artifact.size for artifact in artifacts) / 1e6
        self.descriptionDone = (
            f"removed: {plural(len(artifacts), 'artifact')} ({size:,.1f} MB), "
            f"{plural(len(uploads), 'broken upload')}"
        )
        return SUCCESS

    async def queued_digests(self) -> set[str]:
        """Digests, and beginnings of digests, that requests ask for which are not done."""
        get = self.master.data.get
        buildsets = {r["buildsetid"] for r in await get(("buildrequests",), filters=[INCOMPLETE])}
        properties = [await get(("buildsets", number, "properties")) for number in buildsets]
        return named_digests(value for some in properties for value, _ in some.values())
