"""Move the whole site: what goes where, one component after the other, and what came of it."""

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
from releases.history import current_name
from releases.rules import RequestRefused
from releases.site_wide import Move, SiteAction
from steps.step import Step

MOVED = "moved"
"""The property that says what was moved so far: by component, the digests before and after."""

PLANNED = "planned"
"""The property that names the components which were to move, in order."""

Properties = Callable[[Component, Environment], dict[str, str]]
"""What a scheduler is told so that it starts one component's deployment."""


class ChooseMoves(Step):
    """Judge what was asked for the whole site; what moves becomes a step for each component."""

    name = "choose-moves"
    updateBuildSummaryPolicy = True  # its sentence becomes the build's, until something moves

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
            self.descriptionDone = await self.decided()
        except RequestRefused as refusal:
            self.descriptionDone = f"refused: {refusal}"
            return FAILURE
        return SUCCESS

    async def decided(self) -> str:
        """What happens, in words; raises RequestRefused."""
        await self.refuse_rebuild()
        action = current_name(self.getProperty("action"))
        if action not in list(SiteAction):
            raise RequestRefused("started without an action: use one of this builder's buttons")
        who = site_wide.require_releaser(self.getProperty("owner"), self.site.releasers)
        reason = self.getProperty("reason")
        known = await ledger.builds(self.master, self.builders())
        own = [b for b in known[self.environment.site_builder] if b.id != self.build.buildid]
        if action in (SiteAction.FREEZE, SiteAction.THAW):
            now = datetime.now(UTC)
            freeze = site_wide.active_freeze(self.site, self.environment, own, now)
            site_wide.refuse_needless_switch(SiteAction(action), freeze)
            verb = "frozen" if action == SiteAction.FREEZE else "freeze ended"
            return f"{self.environment.name}: {verb} by {who}: {reason}"
        moves = self.moves(SiteAction(action), known, own)
        self.build.addStepsAfterCurrentStep([self.step(move, who) for move in moves])
        # What came of it is said in the end.
        self.updateBuildSummaryPolicy = []  # type: ignore[assignment]  # Buildbot's own is a list
        names = [move.component for move in moves]
        self.setProperty(PLANNED, names, self.name)
        return f"{moves[0].verb} {', '.join(names)}, by {who}"

    def builders(self) -> list[str]:
        places = [e for e in (self.site.source_of(self.environment), self.environment) if e]
        names = [e.builder(c) for e in places for c in self.site.components]
        return [self.environment.site_builder, *names]

    def moves(
        self, action: SiteAction, known: ledger.Builds, own: list[ledger.Build]
    ) -> tuple[Move, ...]:
        histories = {
            component.name: {
                environment.name: ledger.history_from_builds(
                    known.get(environment.builder(component), ())
                )
                for environment in self.site.environments
            }
            for component in self.site.components
        }
        wanted = self.getProperty("wanted") or ""
        if action is SiteAction.PROMOTE_ALL:
            return site_wide.moves_to_promote(self.site, self.environment, histories, wanted)
        return site_wide.moves_to_revert(wanted, own, histories, self.environment.name)

    def step(self, move: Move, who: str) -> "MoveComponent":
        component = self.site.component(move.component)
        return MoveComponent(
            move,
            schedulerNames=[self.scheduler],
            set_properties={
                **self.trigger_properties(component, self.environment),
                "action": move.action.value,
                "wanted": move.digest,
                "owner": who,
                "reason": f"{self.getProperty('reason')} (with the whole site)",
                "freeze_override": self.getProperty("freeze_override") or "",
            },
        )


class MoveComponent(Trigger):
    """Have one component's own builder move it, by its own rules; what follows waits for it."""

    master: BuildMaster

    def __init__(self, move: Move, **kwargs: Any) -> None:
        self.move = move
        self.sentence = ""
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
        outcome: int = await super().run()
        for request in self.brids:
            builds = await self.master.data.get(("buildrequests", request, "builds"))
            for build in builds[-1:]:
                self.sentence = ledger.build_sentence(build["state_string"])
                known = await ledger.properties(self.master, build["buildid"])
                if known.get("live") == self.move.digest:
                    entry = {self.move.component: [self.move.before, self.move.digest]}
                    self.setProperty(MOVED, (self.getProperty(MOVED) or {}) | entry, self.name)
        return outcome

    def getResultSummary(self) -> dict[str, str]:
        return {"step": self.sentence} if self.sentence else dict(super().getResultSummary())


class ReportMoves(Step):
    """Say what was moved, and where it stopped."""

    name = "report"
    updateBuildSummaryPolicy = [SUCCESS]  # its sentence becomes the build's, unless left out
    alwaysRun = True

    @async_to_deferred
    async def run(self) -> int:
        steps = [step for step in self.build.executedSteps if isinstance(step, MoveComponent)]
        planned = self.getProperty(PLANNED)
        tried = {step.move.component for step in steps}
        done = [step.move.component for step in steps if step.results == SUCCESS]
        stopped = [step for step in steps if step.results != SUCCESS]
        said = [f"{self.getProperty('owner')} moved {', '.join(done) or 'nothing'}"]
        said += [f"stopped at {step.move.component}: {step.sentence}" for step in stopped]
        if left := [name for name in planned if name not in tried]:
            said.append(f"not tried: {', '.join(left)}")
        self.descriptionDone = "; ".join(said)
        return SUCCESS


def moves(step: BuildStep) -> bool:
    """Whether anything was to move at all."""
    return bool(step.getProperty(PLANNED))
