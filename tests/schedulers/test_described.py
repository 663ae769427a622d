"""A component is built when its description is new, and when it has changed."""

from typing import Any

from buildbot.config.builder import BuilderConfig
from buildbot.process.factory import BuildFactory
from buildbot.test.util.integration import RunMasterBase
from buildbot.util.twisted import async_to_deferred
from twisted.internet import reactor
from twisted.internet.task import deferLater

from model.site import Site
from schedulers import described
from schedulers.described import DescriptionScheduler
from tests.releases.ledgers import SITE, component
from tests.schedulers.small_master import SmallMaster

BLOG, DOCS = SITE.components
NOTES = component("notes")
THREE = SITE.model_copy(update={"components": (BLOG, DOCS, NOTES)})


class Descriptions(SmallMaster):
    """Two components, then a third."""

    async def reconfigured(self, site: Site, requests: int) -> list[str]:
        """The builders of all requests, as soon as there are so many."""
        await self.reconfigure(site, [described.scheduler(site)])
        await self.master.initLock.run(lambda: None)
        found = await self.requested()
        assert len(found) == requests, found
        return found

    @async_to_deferred
    async def test_each_component_is_built_once_for_each_of_its_descriptions(self) -> None:
        await self.start(SITE, [described.scheduler(SITE)])
        assert await self.requested() == ["blog-build", "docs-build"]
        assert await self.reconfigured(SITE, 2) == ["blog-build", "docs-build"]
        changed = BLOG.model_copy(update={"title": "Weblog"})
        after = SITE.model_copy(update={"components": (changed, DOCS, NOTES)})
        assert await self.reconfigured(after, 4) == [
            *("blog-build", "blog-build", "docs-build", "notes-build")
        ]


class Slow(DescriptionScheduler):
    """Takes longer than Buildbot waits until it looks for workers, which is a tenth of a second."""

    @async_to_deferred
    async def reconfigService(self, *args: Any, **kwargs: Any) -> None:
        await super().reconfigService(*args, **kwargs)
        await deferLater(reactor, 0.5)


class Workers(RunMasterBase):
    """A master with a worker, which new builders get last in a reconfiguration."""

    def configuration(self, site: Site) -> dict[str, Any]:
        builders = [c.builder for c in site.components]
        stamps = {c.builder: described.stamp(site, c) for c in site.components}
        return {
            "builders": [
                BuilderConfig(name=name, workernames=["local1"], factory=BuildFactory())
                for name in builders
            ],
            "schedulers": [Slow(name="described", stamps=stamps)],
            "multiMaster": True,
        }

    async def built(self, count: int) -> None:
        """Wait until so many builds are complete."""
        while True:
            builds = await self.master.data.get(("builds",))
            if sum(build["complete"] for build in builds) == count:
                return
            await deferLater(reactor, 0.05)

    @async_to_deferred
    async def test_a_component_that_is_added_is_built_however_long_that_takes(self) -> None:
        await self.setup_master(self.configuration(SITE))
        await self.built(2)
        loader = self.master.config_loader
        loader.config_dict = loader.config_dict | self.configuration(THREE)
        await self.master.reconfig()
        await self.built(3)
