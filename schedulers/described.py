"""A component is built when its description is new or has changed."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from buildbot.schedulers.base import ReconfigurableBaseScheduler
from buildbot.util.twisted import async_to_deferred
from twisted.python import log

from model.component import Component
from model.site import Site


class DescriptionScheduler(ReconfigurableBaseScheduler):
    """Asks for a build of each component that is not described as when it last did."""

    def checkConfig(self, stamps: Mapping[str, str], **kwargs: Any) -> None:  # type: ignore[override]  # as Buildbot itself
        super().checkConfig(builderNames=list(stamps), **kwargs)

    @async_to_deferred
    async def reconfigService(self, stamps: Mapping[str, str], **kwargs: Any) -> None:  # type: ignore[override]  # as Buildbot itself
        self.stamps = stamps
        await super().reconfigService(builderNames=list(stamps), **kwargs)
        if self.active:
            # Afterwards: before a new builder has its worker, Buildbot forgets what is asked for.
            requesting = self.master.initLock.run(self.request_builds)
            requesting.addErrback(log.err, "while requesting builds of new descriptions")

    @async_to_deferred
    async def activate(self) -> None:
        await super().activate()
        await self.request_builds()

    @async_to_deferred
    async def request_builds(self) -> None:
        built = {builder: await self.getState(builder, None) for builder in self.stamps}
        new = [builder for builder, stamp in self.stamps.items() if built[builder] != stamp]
        if not new:
            return
        # All in one: for each buildset, Buildbot reads every builder from its database.
        await self.addBuildsetForSourceStampsWithDefaults(
            reason="its description is new", sourcestamps=[], builderNames=new
        )
        for builder in new:
            await self.setState(builder, self.stamps[builder])


def scheduler(site: Site) -> DescriptionScheduler:
    stamps = {component.builder: stamp(site, component) for component in site.components}
    return DescriptionScheduler(name="described", stamps=stamps)


def stamp(site: Site, component: Component) -> str:
    """A digest of everything in a component's folder that a build depends on."""
    folder = site.component_folder(component)
    digest = sha256(component.model_dump_json().encode())
    for kind, names in (("patches", component.patches), ("templates", component.templates)):
        for name in names:
            digest.update((folder / kind / name).read_bytes())
    return digest.hexdigest()
