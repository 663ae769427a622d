"""Promotions of everything whose worker is lost half-way, on a real master."""

from buildbot.config.builder import BuilderConfig
from buildbot.master import BuildMaster
from buildbot.process.buildstep import BuildStep
from buildbot.process.factory import BuildFactory
from buildbot.process.results import RETRY, SUCCESS
from buildbot.schedulers.forcesched import ForceScheduler, StringParameter
from buildbot.test.util.integration import RunMasterBase
from buildbot.util.twisted import async_to_deferred
from twisted.internet import reactor
from twisted.internet.task import deferLater

from releases import ledger
from schedulers import trigger
from steps.moves import ChooseMoves, ReportMoves, moves
from tests.releases.ledger_rows import write_builds
from tests.releases.ledgers import NEW, OLD, PRODUCTION, SITE, build

ORDER = [component.name for component in SITE.ordered]
FIRST, SECOND = ORDER
VERIFIED = [
    made
    for name in ORDER
    for made in (
        build(1, f"{name}-production", action="promote", live=OLD),
        build(2, f"{name}-staging", action="deploy", live=NEW),
    )
]


class Deploy(BuildStep):
    """Makes live what is wanted, as the servers would; may lose the worker of the site's build."""

    lose_at: str | None = None
    deployed: list[str]

    async def run(self) -> int:  # type: ignore[override]  # Buildbot accepts a coroutine too
        for name in ("digest", "live"):
            self.setProperty(name, self.getProperty("wanted"), "test")
        component = self.build.builder.name.partition("-")[0]
        self.deployed.append(component)
        if component == Deploy.lose_at:
            Deploy.lose_at = None
            site = self.master.botmaster.builders[PRODUCTION.site_builder]
            site.building[0].lostRemote()
        return SUCCESS


class LostWorker(RunMasterBase):
    """Production with two components for which a release waits each."""

    master: BuildMaster

    async def start(self, lose_at: str | None) -> None:
        Deploy.lose_at, Deploy.deployed = lose_at, []
        deploying = [PRODUCTION.builder(c) for c in SITE.components]
        site = PRODUCTION.site_builder
        steps = [
            ChooseMoves(SITE, PRODUCTION, trigger.name(PRODUCTION), trigger.properties),
            ReportMoves(doStepIf=moves),
        ]
        properties = [StringParameter(name=name) for name in ("action", "wanted")]
        await self.setup_master(
            {
                "builders": [
                    BuilderConfig(site, workernames=["local1"], factory=BuildFactory(steps)),
                    *(
                        BuilderConfig(name, workernames=["local1"], factory=factory)
                        for name in deploying
                        for factory in [BuildFactory([Deploy()])]
                    ),
                ],
                "schedulers": [
                    ForceScheduler("force", builderNames=[site], properties=properties),
                    trigger.scheduler(PRODUCTION),
                ],
                "multiMaster": True,
            }
        )
        names = {b.builder for b in VERIFIED}
        ids = {name: await self.master.data.updates.findBuilderId(name) for name in names}
        await self.master.db.pool.do(write_builds, self.master.db.model, VERIFIED, ids)

    async def press(self, action: str, builds: int) -> list[ledger.Build]:
        """The last builds of the site once all are over, newest first."""
        params = {"owner": "ana", "reason": "all of it", "action": action}
        await self.master.scheduler_manager.namedServices["force"].force(**params)
        while True:
            found = await ledger.builds(self.master, [PRODUCTION.site_builder])
            own = found[PRODUCTION.site_builder]
            if len(own) == builds and all(each.finished for each in own):
                return list(own)
            await deferLater(reactor, 0.01)

    async def live(self) -> dict[str, str]:
        names = [PRODUCTION.builder(c) for c in SITE.components]
        found = await ledger.builds(self.master, names)
        histories = {name: ledger.history_from_builds(found[name]) for name in names}
        return {
            name.partition("-")[0]: str(h.live and h.live.digest) for name, h in histories.items()
        }

    async def check(self, lost: str) -> None:
        await self.start(lose_at=lost)
        again, first = await self.press("promote-all", builds=2)
        assert (first.results, again.results) == (RETRY, SUCCESS)
        assert again.sentence == f"ana moved {FIRST}, {SECOND}"
        assert again.properties["decision"] == "allowed"
        assert await self.live() == dict.fromkeys(ORDER, NEW)
        (revert, *_) = await self.press("revert", builds=3)
        assert revert.sentence == f"ana moved {SECOND}, {FIRST}"
        assert await self.live() == dict.fromkeys(ORDER, OLD)

    @async_to_deferred
    async def test_a_worker_lost_at_the_first_component_is_followed_by_all_of_it(self) -> None:
        await self.check(FIRST)

    @async_to_deferred
    async def test_a_worker_lost_at_the_last_component_loses_nothing_that_moved(self) -> None:
        await self.check(SECOND)
