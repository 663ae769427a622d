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
from releases.history import Decision
from releases.rules import RequestRefused, require_releaser
from releases.site_wide import Histories, Move, SiteAction
from steps.step import Step

MOVED = "moved"
"""The property with what was moved so far: by component, the digests before and after."""

PLAN = "plan"
"""The property with all that is to be moved, in order: a list of `Move`, as JSON has it."""

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
            self.decide(Decision.ALLOWED, await self.plan())
        except RequestRefused as refusal:
            self.decide(Decision.REFUSED, f"refused: {refusal}")
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
        histories = self.histories(builds)
        plan = self.interrupted_plan(own) or self.choose_moves(action, histories, own)
        self.setProperty(PLAN, [move.model_dump(mode="json") for move in plan], self.name)
        left = site_wide.moves_left(plan, histories, self.environment.name)
        before = {m.component: [m.before, m.digest] for m in plan if m not in left}
        self.setProperty(MOVED, before, self.name)
        self.build.addStepsAfterCurrentStep([self.move_step(move, releaser) for move in left])
        # From here on, the last step summarises the build.
        self.updateBuildSummaryPolicy = []  # type: ignore[assignment]  # Buildbot's own is a list
        names = ", ".join(move.component for move in left)
        return f"{plan[0].verb} {names or 'nothing more'}, by {releaser}"

    def interrupted_plan(self, own: list[ledger.Build]) -> tuple[Move, ...]:
        """The plan of an earlier build of the same request; empty for the first one.

        Buildbot repeats a build whose worker was lost. The repetition finishes that plan.
        """
        request = self.build.requests[0].id
        plans = (b.properties[PLAN] for b in own if b.request == request and PLAN in b.properties)
        return tuple(Move.model_validate(move) for move in next(plans, ()))

    def ledger_builders(self) -> list[str]:
        """The builders whose history decides what may move."""
        both = [e for e in (self.site.source_of(self.environment), self.environment) if e]
        names = [e.builder(c) for e in both for c in self.site.components]
        return [self.environment.site_builder, *names]

    def histories(self, builds: ledger.Builds) -> Histories:
        return {
            component.name: {
                environment.name: ledger.history_from_builds(
                    builds.get(environment.builder(component), ())
                )
                for environment in self.site.environments
            }
            for component in self.site.components
        }

    def choose_moves(
        self, action: SiteAction, histories: Histories, own: list[ledger.Build]
    ) -> tuple[Move, ...]:
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
        moved = list(self.getProperty(MOVED))
        tried = {*moved, *(step.move.component for step in steps)}
        stopped = [step for step in steps if step.results != SUCCESS]
        sentences = [f"{self.getProperty('owner')} moved {', '.join(moved) or 'nothing'}"]
        sentences += [f"stopped at {step.move.component}: {step.message}" for step in stopped]
        planned = [move["component"] for move in self.getProperty(PLAN)]
        if left := [name for name in planned if name not in tried]:
            sentences.append(f"not tried: {', '.join(left)}")
        self.descriptionDone = "; ".join(sentences)
        return SUCCESS


def moves(step: BuildStep) -> bool:
    """Whether the plan has any component to move."""
    return bool(step.getProperty(PLAN))
