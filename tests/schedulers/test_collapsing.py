"""Of several requests for a build of the newest commits, exactly one stays."""

from typing import Any

from buildbot.config.builder import BuilderConfig
from buildbot.process.factory import BuildFactory
from buildbot.util.twisted import async_to_deferred
from twisted.internet.defer import gatherResults

from builders.choice import newest_is_enough
from tests.releases.ledgers import SITE
from tests.schedulers.small_master import SmallMaster

BUILDER = SITE.components[0].builder
SOURCE = {"codebase": "", "repository": "", "branch": None, "revision": None, "project": ""}


class Requests(SmallMaster):
    """Requests that nobody takes."""

    def configuration(self, *arguments: Any) -> dict[str, Any]:
        collapsing = BuilderConfig(
            name=BUILDER,
            workernames=["nobody"],
            factory=BuildFactory(),
            collapseRequests=newest_is_enough,
        )
        return super().configuration(*arguments) | {"builders": [collapsing]}

    async def request(self) -> int:
        builder = await self.master.data.get(("builders", BUILDER))
        _, requests = await self.master.data.updates.addBuildset(
            waited_for=False,
            reason="a test",
            sourcestamps=[SOURCE],
            builderids=[builder["builderid"]],
        )
        return int(requests[builder["builderid"]])

    async def waiting(self) -> list[int]:
        requests = await self.master.data.get(("buildrequests",))
        return [each["buildrequestid"] for each in requests if not each["complete"]]

    @async_to_deferred
    async def test_a_request_serves_the_earlier_ones(self) -> None:
        await self.start(SITE, [])
        await self.request()
        last = await self.request()
        assert await self.waiting() == [last]

    @async_to_deferred
    async def test_one_of_several_at_the_same_moment_stays(self) -> None:
        """As when a component's first head is heard of while its first build is requested."""
        await self.start(SITE, [])
        asked = async_to_deferred(self.request)
        made = await gatherResults([asked() for _ in range(5)])
        assert await self.waiting() == [max(made)]
