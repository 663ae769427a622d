"""The base of our steps: a failure ends the build, with a sentence that says why."""

from enum import StrEnum
from typing import NoReturn, TypeVar

from buildbot.master import BuildMaster
from buildbot.process.build import Build
from buildbot.process.buildstep import BuildStep, BuildStepFailed
from buildbot.util.twisted import async_to_deferred
from twisted.python.failure import Failure

from releases.history import DECISION, Decision, current_name
from releases.rules import RequestRefused

LONGEST = 300
"""Characters of an unexpected error in a summary."""
A = TypeVar("A", bound=StrEnum)


class Step(BuildStep):
    """A step whose failure ends the build."""

    haltOnFailure = True
    flunkOnFailure = True
    build: Build
    master: BuildMaster

    @async_to_deferred
    async def addLogWithFailure(self, why: Failure, logprefix: str = "") -> None:
        """Say what went wrong unexpectedly; the log `err.text` has the traceback."""
        self.descriptionDone = f"{unexpected(why.value)}; the log err.text says where"
        await super().addLogWithFailure(why, logprefix)

    async def refuse_rebuild(self) -> None:
        """Raise RequestRefused in a rebuild: its owner is who started the first build."""
        buildset = await self.master.data.get(("buildsets", self.build.requests[0].bsid))
        if buildset["rebuilt_buildid"]:
            raise RequestRefused("Rebuild decides nothing: press this builder's own button again")

    def decide(self, decision: Decision, message: str) -> None:
        """Say what the rules decided, for people and as a property for programs."""
        self.descriptionDone = message
        self.setProperty(DECISION, decision.value, self.name)

    def requested_action(self, actions: type[A]) -> A:
        """What the build was started for; raises RequestRefused when that is none of `actions`."""
        name = current_name(self.getProperty("action"))
        if name not in list(actions):
            raise RequestRefused("started without an action: use one of this builder's buttons")
        return actions(name)

    def fail(self, message: str) -> NoReturn:
        """End the step with a message that a visitor understands."""
        self.descriptionDone = message
        raise BuildStepFailed


def unexpected(error: BaseException | None) -> str:
    """An unexpected error in a sentence; one of the system names its file."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:LONGEST]
