"""What a build of an environment understands of whatever started it, on a real master."""

import tempfile
from pathlib import Path
from typing import Any

from buildbot.config.builder import BuilderConfig
from buildbot.master import BuildMaster
from buildbot.process.factory import BuildFactory
from buildbot.schedulers.forcesched import ForceScheduler, StringParameter
from buildbot.test.util.integration import RunMasterBase
from buildbot.util.twisted import async_to_deferred

from releases import ledger
from releases.history import Action
from releases.store import Store
from steps import choose_release
from steps.choose_release import ChooseRelease
from steps.moves import ChooseMoves
from tests.releases.ledgers import PRODUCTION, SITE

BLOG = SITE.components[0]


class DeploymentRequest(RunMasterBase):
    """Builds of production that judge what they were asked for, and move nothing."""

    master: BuildMaster

    async def start(self, builder: str, step: ChooseRelease | ChooseMoves) -> None:
        properties = [StringParameter(name="action")]
        await self.setup_master(
            {
                "builders": [
                    BuilderConfig(
                        name=builder, workernames=["local1"], factory=BuildFactory([step])
                    )
                ],
                "schedulers": [
                    ForceScheduler(name="force", builderNames=[builder], properties=properties)
                ],
                "multiMaster": True,
            }
        )

    async def said(self, action: str) -> str:
        """What the step says when a request with this action has come."""
        params = {"owner": "ana", "action": action}
        done: dict[str, Any] = await self.doForceBuild(wantSteps=True, forceParams=params)
        return str(done["steps"][-1]["state_string"])

    @async_to_deferred
    async def test_one_component_moves_only_by_an_action_and_former_names_are_known(self) -> None:
        builder = PRODUCTION.builder(BLOG)
        store = Store(folder=Path(tempfile.mkdtemp(dir=".")))
        await self.start(builder, ChooseRelease(SITE, BLOG, PRODUCTION, store))
        assert "refused: started without an action" in await self.said("")
        assert "refused: started without an action" in await self.said("deploy-all")
        for name in ("lift-hold", "release-hold"):
            assert "refused: no hold in production" in await self.said(name)
        builds = await ledger.builds(self.master, [builder])
        assert {build.properties["decision"] for build in builds[builder]} == {"refused"}
        actions = [build.action for build in builds[builder]]
        assert actions == [Action.LIFT_HOLD, Action.LIFT_HOLD, None, None]

    @async_to_deferred
    async def test_nothing_moves_when_the_master_has_no_room_to_record_it(self) -> None:
        """More room than any disk has is needed: no disk of this machine is filled."""
        store = Store(folder=Path(tempfile.mkdtemp(dir=".")).absolute())
        builder = PRODUCTION.builder(BLOG)
        await self.start(builder, ChooseRelease(SITE, BLOG, PRODUCTION, store))
        self.patch(choose_release, "DEPLOYMENT_ROOM", 10**18)
        assert "refused: the master's disk is full" in await self.said("promote")
        for action in ("roll-back", "hold", "approve"):  # they bring no new release
            assert "disk" not in await self.said(action)
        self.patch(choose_release, "DEPLOYMENT_ROOM", 1)
        assert "disk" not in await self.said("promote")  # there is room again

    @async_to_deferred
    async def test_the_site_moves_only_by_an_action_and_former_names_are_known(self) -> None:
        step = ChooseMoves(SITE, PRODUCTION, "deploy-production", lambda *_: {})
        await self.start(PRODUCTION.site_builder, step)
        assert "refused: started without an action" in await self.said("")
        for name in ("revert", "return"):
            assert "refused: no promotion of everything moved anything" in await self.said(name)
        builds = await ledger.builds(self.master, [PRODUCTION.site_builder])
        own = builds[PRODUCTION.site_builder]
        assert {build.properties["decision"] for build in own} == {"refused"}
        told = [build.properties["action"] for build in builds[PRODUCTION.site_builder]]
        assert told == ["revert", "revert", None]
