"""Choose the release that shall be live, by the rules and whatever started the build."""

from datetime import UTC, datetime
from typing import Any

from buildbot.process.results import FAILURE, SKIPPED, SUCCESS
from buildbot.util.twisted import async_to_deferred

from model.component import Component
from model.environment import Environment
from model.site import Site
from releases import ledger
from releases.history import NOTES, Action, current_name
from releases.provenance import unverified
from releases.rules import ComponentHeld, DeploymentRequest, RequestRefused, choose, short
from releases.site_wide import active_freeze
from releases.store import Store
from steps.step import Step

WORDS = {
    Action.DEPLOY: "deploy",
    Action.PROMOTE: "promote",
    Action.ROLL_BACK: "roll back to",
    Action.LIFT_HOLD: "hold lifted, deploy",
    Action.HOLD: "on hold from now on:",
    Action.APPROVE: "approved",
}


class ChooseRelease(Step):
    """Check every rule against the ledger; refuse in words, or name the digest."""

    name = "choose-release"
    updateBuildSummaryPolicy = True  # its sentence becomes the build's

    def __init__(
        self,
        site: Site,
        component: Component,
        environment: Environment,
        store: Store,
        **kwargs: Any,
    ) -> None:
        self.site = site
        self.component = component
        self.environment = environment
        self.store = store
        super().__init__(**kwargs)

    @async_to_deferred
    async def run(self) -> int:
        try:
            asked = await self.asked()
            digest = await self.chosen_before() or await self.choice(asked)
        except RequestRefused as refusal:
            self.descriptionDone = f"refused: {refusal}"
            return FAILURE
        except ComponentHeld as hold:
            self.descriptionDone = f"nothing moves: {hold}"
            return SKIPPED
        if digest is None:
            self.descriptionDone = f"hold lifted by {asked.owner}"
            return SUCCESS
        self.setProperty("approved" if asked.action in NOTES else "digest", digest, self.name)
        self.descriptionDone = self.outcome(asked, digest)
        return SUCCESS

    async def asked(self) -> DeploymentRequest:
        """What was asked for, whichever button, scheduler or repetition it came through."""
        action = current_name(self.getProperty("action"))
        if action not in list(Action):
            raise RequestRefused("started without an action: use one of this builder's buttons")
        wanted = self.getProperty("wanted") or ""
        freeze_override = (self.getProperty("freeze_override") or "").strip()
        owner = self.getProperty("owner")
        return DeploymentRequest(
            action=Action(action), digest=wanted, owner=owner, freeze_override=freeze_override
        )

    async def chosen_before(self) -> str | None:
        """The digest that an interrupted build of this very request chose by the rules.

        Buildbot repeats a build whose worker was lost: it finishes what was begun.
        """
        await self.refuse_rebuild()
        request = self.build.requests[0]
        builds = await self.master.data.get(("buildrequests", request.id, "builds"))
        for build in builds:
            if build["buildid"] != self.build.buildid:
                known = await ledger.properties(self.master, build["buildid"])
                if digest := known.get("digest"):
                    return str(digest)
        return None

    async def choice(self, asked: DeploymentRequest) -> str | None:
        """The digest that the rules allow."""
        history = self.environment.builder(self.component)
        source = self.site.source_of(self.environment)
        before = source.builder(self.component) if source else ""
        everything = self.environment.site_builder
        known = await ledger.builds(
            self.master, [history, before, everything, self.component.builder]
        )
        digest = choose(
            asked,
            self.environment,
            history=ledger.history_from_builds(known[history]),
            source=ledger.history_from_builds(known[before]),
            newest=ledger.newest_digest(known[self.component.builder]),
            is_releaser=self.site.releasers.__contains__,
            freeze=active_freeze(self.site, self.environment, known[everything], datetime.now(UTC)),
            two_person=self.environment.name in self.site.two_person,
        )
        needed = asked.action not in (Action.ROLL_BACK, *NOTES)
        if digest and needed and digest not in self.store:
            raise RequestRefused(f"the store does not hold {short(digest)} any more")
        return digest

    def outcome(self, asked: DeploymentRequest, digest: str) -> str:
        """What goes where, in words."""
        what = f"{WORDS[asked.action]} digest {short(digest)}"
        if digest in self.store:
            provenance = unverified(self.store.provenance(digest).read_bytes())
            self.setProperty("release", provenance.upstream.release, self.name)
            what += f" of {provenance.upstream.release}"
        who = f", by {asked.owner}" if asked.owner else ""
        forced = f"; despite the freeze: {asked.freeze_override}" if asked.freeze_override else ""
        held = "; on hold from then on" if asked.action is Action.ROLL_BACK else ""
        return what + who + forced + held
