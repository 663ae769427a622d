"""Offer the change to upstream's newest release, once our changes are known to fit it."""

from pathlib import Path
from typing import Any

from buildbot.process.buildstep import BuildStep
from buildbot.process.results import SUCCESS
from buildbot.util.twisted import async_to_deferred
from git.exc import GitCommandError
from twisted.internet.threads import deferToThread

from model.component import Component
from model.installation import SiteRepository
from releases.trial import TRIAL_PROPERTY, Report, Target
from steps.git import last_line
from steps.step import Step
from steps.upgrade import Upgrade, pushed


class Offer(Step):
    """Show the change as a patch, and push it as a branch where the installation says where."""

    name = "offer"
    description = "offering"
    flunkOnFailure = False
    warnOnFailure = True

    def __init__(
        self, component: Component, folder: Path, repository: SiteRepository | None, **kwargs: Any
    ) -> None:
        self.component = component
        self.folder = folder
        self.repository = repository
        super().__init__(**kwargs)

    @async_to_deferred
    async def run(self) -> int:
        report = Report.model_validate(self.getProperty(TRIAL_PROPERTY))
        newest = report.trial(Target.NEWEST)
        assert newest  # noqa: S101  # for mypy: `fits` has seen it
        file = self.folder / "component.toml"
        try:
            upgrade = Upgrade.of(self.component, file.read_text("utf-8"), newest.release)
        except ValueError as mistake:
            self.fail(str(mistake))
        await self.addCompleteLog("component.toml", upgrade.difference)
        offer = f"{newest.release} is ready: {upgrade.new}"
        if self.repository:
            try:
                offer = await deferToThread(pushed, self.repository, upgrade, report)
            except GitCommandError as error:
                said = str(error.stderr or error).strip().removeprefix("stderr: '").rstrip("'")
                why = last_line(said)
                self.fail(f"{self.repository.address} does not take the branch: {why}")
        told = report.model_copy(update={"offer": offer})
        self.setProperty(TRIAL_PROPERTY, told.model_dump(mode="json"), self.name)
        self.descriptionDone = offer
        return SUCCESS


def fits(step: BuildStep) -> bool:
    """Whether the newest release is another one than the pinned, and everything fits it.

    What is pinned to a commit stays there: no change of one line would be right.
    """
    if isinstance(step, Offer) and not step.component.upstream.release:
        return False
    report = Report.model_validate(step.getProperty(TRIAL_PROPERTY))
    newest = report.trial(Target.NEWEST)
    return newest is not None and newest.fits
