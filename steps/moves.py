"""Move all components of a site in one environment, one after the other, and report it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from buildbot.master import BuildMaster
from buildbot.process.buildstep import BuildStep
from buildbot.process.results import FAILURE, SUCCESS
from buildbot.steps.trigger import Trigger
from buildbot.util.twisted import async_to_deferred

from model.component import Component
from model.environment import Environment
from model.site import Site
from releases import ledger, site_wide
from releases.rules import RequestRefused, require_releaser
from releases.site_wide import Move, SiteAction
from steps.step import Step

MOVED = "moved"
"""The property with what was moved so far: by component, the digests before and after."""

PLANNED = "planned"
"""The property with the names of the components to move, in order."""

Properties = Callable[[Component, Environment], dict[str, str]]
"""From a component and an environment to the properties with which a trigger deploys it there."""


class ChooseMoves(Step):
    """Check a request for the whole site; add a step to the build for each component to move."""

    name = "choose-moves"
    updateBuildSummaryPolicy = True  # its summary becomes the build's, until something moves

    def __init__(
        self,
        site: Site,
        environment: Environment,
        scheduler: str,
        properties: Properties,
        **kwargs: Any,
    ) -> None:
        self.site = site
        self.environment = environment
        self.scheduler = scheduler
        self.trigger_properties = properties
        super().__init__(**kwargs)

    @async_to_deferred
    async def run(self) -> int:
        try:
            self.descriptionDone = await self.plan()
        except RequestRefused as refusal:
            self.descriptionDone = f"refused: {refusal}"
            return FAILURE
        return SUCCESS

    async def plan(self) -> str:
        """Plan what the request asks for, and summarise it; raises RequestRefused."""
        await self.refuse_rebuild()
        action = self.requested_action(SiteAction)
        releaser = require_releaser(self.getProperty("owner"), self.site.releasers.__contains__)
        reason = self.getProperty("reason")
        builds = await ledger.builds(self.master, self.ledger_builders())
        own = [b for b in builds[self.environment.site_builder] if b.id != self.build.buildid]
        if action in (SiteAction.FREEZE, SiteAction.THAW):
            now = datetime.now(UTC)
            freeze = site_wide.active_freeze(self.site, self.environment, own, now)
            site_wide.refuse_needless_switch(action, freeze)
            verb = "frozen" if action == SiteAction.FREEZE else "freeze ended"
            return f"{self.environment.name}: {verb} by {releaser}: {reason}"
        moves = self.choose_moves(action, builds, own)
        self.build.addStepsAfterCurrentStep([self.move_step(move, releaser) for move in moves])
        # From here on, the last step summarises the build.
        self.updateBuildSummaryPolicy = []  # type: ignore[assignment]  # Buildbot's own is a list
        names = [move.component for move in moves]
        self.setProperty(PLANNED, names, self.name)
        return f"{moves[0].verb} {', '.join(names)}, by {releaser}"

    def ledger_builders(self) -> list[str]:
        """The builders whose history decides what may move."""
        both = [e for e in (self.site.source_of(self.environment), self.environment) if e]
        names = [e.builder(c) for e in both for c in self.site.components]
        return [self.environment.site_builder, *names]

    def choose_moves(
        self, action: SiteAction, builds: ledger.Builds, own: list[ledger.Build]
    ) -> tuple[Move, ...]:
        histories = {
            component.name: {
                environment.name: ledger.history_from_builds(
                    builds.get(environment.builder(component), ())
                )
                for environment in self.site.environments
            }
            for component in self.site.components
        }
        selection = self.getProperty("wanted") or ""
        if action is SiteAction.PROMOTE_ALL:
            return site_wide.moves_to_promote(self.site, self.environment, histories, selection)
        return site_wide.moves_to_revert(selection, own, histories, self.environment.name)

    def move_step(self, move: Move, owner: str) -> "MoveComponent":
        component = self.site.component(move.component)
        return MoveComponent(
            move,
            schedulerNames=[self.scheduler],
            set_properties={
                **self.trigger_properties(component, self.environment),
                "action": move.action.value,
                "wanted": move.digest,
                "owner": owner,
                "reason": f"{self.getProperty('reason')} (with the whole site)",
                "freeze_override": self.getProperty("freeze_override") or "",
            },
        )


class MoveComponent(Trigger):
    """Start the deployment of one component by its own builder, and wait for it."""

    master: BuildMaster

    def __init__(self, move: Move, **kwargs: Any) -> None:
        self.move = move
        self.message = ""
        super().__init__(
            name=f"{move.verb}-{move.component}",
            waitForFinish=True,
            haltOnFailure=True,
            flunkOnFailure=True,
            updateBuildSummaryPolicy=[],
            **kwargs,
        )

    @async_to_deferred
    async def run(self) -> int:
        result: int = await super().run()
        for request in self.brids:
            builds = await self.master.data.get(("buildrequests", request, "builds"))
            for build in builds[-1:]:
                self.message = ledger.build_sentence(build["state_string"])
                properties = await ledger.properties(self.master, build["buildid"])
                if properties.get("live") == self.move.digest:
                    entry = {self.move.component: [self.move.before, self.move.digest]}
                    self.setProperty(MOVED, (self.getProperty(MOVED) or {}) | entry, self.name)
        return result

    def getResultSummary(self) -> dict[str, str]:
        return {"step": self.message} if self.message else dict(super().getResultSummary())


class ReportMoves(Step):
    """Summarise what was moved, and where it stopped."""

    name = "report"
    updateBuildSummaryPolicy = [SUCCESS]  # its summary becomes the build's, unless it is skipped
    alwaysRun = True

    @async_to_deferred
    async def run(self) -> int:
        steps = [step for step in self.build.executedSteps if isinstance(step, MoveComponent)]
        planned = self.getProperty(PLANNED)
        started = {step.move.component for step in steps}
        moved = [step.move.component for step in steps if step.results == SUCCESS]
        stopped = [step for step in steps if step.results != SUCCESS]
        sentences = [f"{self.getProperty('owner')} moved {', '.join(moved) or 'nothing'}"]
        sentences += [f"stopped at {step.move.component}: {step.message}" for step in stopped]
        if left := [name for name in planned if name not in started]:
            sentences.append(f"not tried: {', '.join(left)}")
        self.descriptionDone = "; ".join(sentences)
        return SUCCESS


def moves(step: BuildStep) -> bool:
    """Whether the plan has any component to move."""
    return bool(step.getProperty(PLANNED))
