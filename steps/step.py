"""What our steps share: they stop the build when they fail, and end with a sentence."""

from typing import NoReturn

from buildbot.master import BuildMaster
from buildbot.process.build import Build
from buildbot.process.buildstep import BuildStep, BuildStepFailed


class Step(BuildStep):
    """A step whose failure ends the build."""

    haltOnFailure = True
    flunkOnFailure = True
    build: Build
    master: BuildMaster

    def fail(self, sentence: str) -> NoReturn:
        """End the step with a sentence that a visitor understands."""
        self.descriptionDone = sentence
        raise BuildStepFailed
