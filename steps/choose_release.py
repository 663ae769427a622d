"""Choose the release to make live: what the request asks for, if the rules allow it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from buildbot.process.results import FAILURE, SKIPPED, SUCCESS
from buildbot.util.twisted import async_to_deferred

from model.component import Component
from model.environment import Environment
from model.site import Site
from releases import ledger
from releases.database_room import RESERVE
from releases.history import NOTES, Action, Decision
from releases.provenance import read_unverified
from releases.rules import ComponentHeld, DeploymentRequest, RequestRefused, choose, short
from releases.site_wide import active_freeze
from releases.store import Store, missing_room
from steps.step import Step

WORDS = {
    Action.DEPLOY: "deploy",
    Action.PROMOTE: "promote",
    Action.ROLL_BACK: "roll back to",
    Action.LIFT_HOLD: "hold lifted, deploy",
    Action.HOLD: "on hold from now on:",
    Action.APPROVE: "approved",
    Action.CONFIGURE: "configure again",
}


CONFIGURATION = "wanted_configuration"
"""The property with the configuration of the release to which a rollback returns."""


DEPLOYMENT_ROOM = RESERVE
"""Bytes that must be free beside the reserve."""


class ChooseRelease(Step):
    """Check a request against every rule and the ledger; choose a digest, or say why not."""

    name = "choose-release"
    updateBuildSummaryPolicy = True  # its summary becomes the build's

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
            request = await self.read_request()
            if request.action not in (Action.ROLL_BACK, *NOTES):
                self.require_room()
            digest = await self.find_interrupted_choice() or await self.choose_digest(request)
        except RequestRefused as refusal:
            self.decide(Decision.REFUSED, f"refused: {refusal}")
            return FAILURE
        except ComponentHeld as hold:
            self.decide(Decision.HELD, f"nothing moves: {hold}")
            return SKIPPED
        if digest is None:
            self.decide(Decision.ALLOWED, f"hold lifted by {request.owner}")
            return SUCCESS
        self.setProperty("approved" if request.action in NOTES else "digest", digest, self.name)
        self.decide(Decision.ALLOWED, self.summary(request, digest))
        return SUCCESS

    async def read_request(self) -> DeploymentRequest:
        """The request that started the build; raises RequestRefused when it has no action."""
        return DeploymentRequest(
            action=self.requested_action(Action),
            digest=self.getProperty("wanted") or "",
            owner=self.getProperty("owner"),
            freeze_override=(self.getProperty("freeze_override") or "").strip(),
        )

    def require_room(self) -> None:
        """Raises RequestRefused when the master could not record what the deployment does.

        What brings no new release is recorded in the reserve of the database.
        """
        for folder in (Path(self.master.basedir), self.store.folder):
            if problem := missing_room(folder, DEPLOYMENT_ROOM):
                raise RequestRefused(
                    f"the master's disk is full, so the deployment could not be recorded: {problem}"
                )

    async def find_interrupted_choice(self) -> str | None:
        """The digest that an earlier build of the same request chose.

        Buildbot repeats a build whose worker was lost. The repetition finishes that deployment.
        """
        await self.refuse_rebuild()
        request = self.build.requests[0]
        builds = await self.master.data.get(("buildrequests", request.id, "builds"))
        for build in builds:
            if build["buildid"] != self.build.buildid:
                properties = await ledger.properties(self.master, build["buildid"])
                if digest := properties.get("digest"):
                    self.setProperty(CONFIGURATION, properties.get(CONFIGURATION, ""), self.name)
                    return str(digest)
        return None

    async def choose_digest(self, request: DeploymentRequest) -> str | None:
        """The digest that the rules allow; raises RequestRefused or ComponentHeld."""
        build = self.component.builder
        deploy = self.environment.builder(self.component)
        source = self.site.source_of(self.environment)
        source_deploy = source.builder(self.component) if source else ""
        site_wide = self.environment.site_builder
        builds = await ledger.builds(self.master, [deploy, source_deploy, site_wide, build])
        history = ledger.history_from_builds(builds[deploy])
        digest = choose(
            request,
            self.environment,
            history=history,
            source=ledger.history_from_builds(builds[source_deploy]),
            newest=ledger.newest_digest(builds[build]),
            is_releaser=self.site.releasers.__contains__,
            freeze=active_freeze(self.site, self.environment, builds[site_wide], datetime.now(UTC)),
            two_person=self.environment.name in self.site.two_person,
        )
        sends_files = request.action not in (Action.ROLL_BACK, *NOTES)
        if request.action is Action.ROLL_BACK:
            entry = history.find_earlier(request.digest)
            self.setProperty(CONFIGURATION, entry.configuration if entry else "", self.name)
        if digest and sends_files and digest not in self.store:
            raise RequestRefused(f"the store does not hold {short(digest)} any more")
        return digest

    def summary(self, request: DeploymentRequest, digest: str) -> str:
        text = f"{WORDS[request.action]} digest {short(digest)}"
        if digest in self.store:
            provenance = read_unverified(self.store.provenance(digest).read_bytes())
            self.setProperty("release", provenance.upstream.release, self.name)
            text += f" of {provenance.upstream.release}"
        owner = f", by {request.owner}" if request.owner else ""
        override = (
            f"; despite the freeze: {request.freeze_override}" if request.freeze_override else ""
        )
        hold = "; on hold from then on" if request.action is Action.ROLL_BACK else ""
        return text + owner + override + hold
