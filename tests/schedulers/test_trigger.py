"""A build starts one component's deployment, of all that its scheduler may start."""

from typing import Any

from buildbot.config.builder import BuilderConfig
from buildbot.process.factory import BuildFactory
from buildbot.process.results import SUCCESS
from buildbot.schedulers.forcesched import ForceScheduler
from buildbot.steps.trigger import Trigger
from buildbot.test.util.integration import RunMasterBase
from buildbot.util.twisted import async_to_deferred
from twisted.internet import reactor
from twisted.internet.task import deferLater

from builders.build import trigger_steps
from model.component import Component
from schedulers import trigger
from tests.releases.ledgers import PRODUCTION, SITE
from tests.schedulers.small_master import builders

BLOG, DOCS = SITE.components


class Triggers(RunMasterBase):
    """Two components, of which one is deployed."""

    async def build(self, *steps: Any) -> dict[str, Any]:
        """A complete build of `site-production` with these steps."""
        factories = {PRODUCTION.site_builder: BuildFactory(list(steps))}
        await self.setup_master(
            {
                "builders": [
                    BuilderConfig(
                        name=name,
                        workernames=["local1"],
                        factory=factories.get(name, BuildFactory()),
                    )
                    for name in builders(SITE)
                ],
                "schedulers": [
                    ForceScheduler(name="force", builderNames=[PRODUCTION.site_builder]),
                    *(trigger.scheduler(environment) for environment in SITE.environments),
                ],
                "multiMaster": True,
            }
        )
        done: dict[str, Any] = await self.doForceBuild(wantSteps=True, wantProperties=True)
        # The master may not stop before it knows that what was triggered is over.
        while any(getattr(each, "_waiters", None) for each in self.master.scheduler_manager):
            await deferLater(reactor, 0.05)
        return done

    async def requested(self) -> list[str]:
        names = {b["builderid"]: b["name"] for b in await self.master.data.get(("builders",))}
        requests = await self.master.data.get(("buildrequests",))
        return [names[request["builderid"]] for request in requests]

    @async_to_deferred
    async def test_a_green_build_deploys_its_own_component(self) -> None:
        done = await self.build(*trigger_steps(DOCS, SITE))
        assert done["results"] == SUCCESS
        assert await self.requested() == ["site-production", "docs-staging"]

    @async_to_deferred
    async def test_what_waits_for_a_deployment_hears_of_its_end(self) -> None:
        done = await self.build(waited_for(BLOG), waited_for(DOCS))
        assert {step["results"] for step in done["steps"]} == {SUCCESS}
        assert await self.requested() == [
            "site-production",
            "blog-production",
            "docs-production",
        ]
        builds = await self.master.data.get(("builds",))
        assert [build["complete"] for build in builds] == [True, True, True]
        for build in builds:
            builder = await self.master.data.get(("builders", build["builderid"]))
            properties = await self.master.data.get(("builds", build["buildid"], "properties"))
            assert properties["buildername"][0] == builder["name"]


def waited_for(component: Component) -> Trigger:
    return Trigger(
        schedulerNames=[trigger.name(PRODUCTION)],
        set_properties=trigger.properties(component, PRODUCTION),
        waitForFinish=True,
    )
