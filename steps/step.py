"""The base of our steps: a failure ends the build, with a sentence that says why."""

from typing import NoReturn

from buildbot.master import BuildMaster
from buildbot.process.build import Build
from buildbot.process.buildstep import BuildStep, BuildStepFailed

from releases.rules import RequestRefused


class Step(BuildStep):
    """A step whose failure ends the build."""

    haltOnFailure = True
    flunkOnFailure = True
    build: Build
    master: BuildMaster

    async def refuse_rebuild(self) -> None:
        """Raise RequestRefused in a rebuild: its owner is who started the first build."""
        buildset = await self.master.data.get(("buildsets", self.build.requests[0].bsid))
        if buildset["rebuilt_buildid"]:
            raise RequestRefused("Rebuild decides nothing: press this builder's own button again")

    def fail(self, message: str) -> NoReturn:
        """End the step with a message that a visitor understands."""
        self.descriptionDone = message
        raise BuildStepFailed
