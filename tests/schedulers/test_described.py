"""A component is built when its description is new, and when it has changed."""

from buildbot.util.twisted import async_to_deferred

from schedulers import described
from tests.releases.ledgers import SITE, component
from tests.schedulers.small_master import SmallMaster

BLOG, DOCS = SITE.components
NOTES = component("notes")


class Descriptions(SmallMaster):
    """Two components, then a third."""

    @async_to_deferred
    async def test_each_component_is_built_once_for_each_of_its_descriptions(self) -> None:
        await self.start(SITE, [described.scheduler(SITE)])
        assert await self.requested() == ["blog-build", "docs-build"]
        await self.reconfigure(SITE, [described.scheduler(SITE)])
        assert await self.requested() == ["blog-build", "docs-build"]
        changed = BLOG.model_copy(update={"title": "Weblog"})
        after = SITE.model_copy(update={"components": (changed, DOCS, NOTES)})
        await self.reconfigure(after, [described.scheduler(after)])
        assert await self.requested() == ["blog-build", "blog-build", "docs-build", "notes-build"]
