"""Offer the change to upstream's newest release when our changes fit it."""

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
from steps.git import reason
from steps.step import Step
from steps.upgrade import Upgrade, push_branch


class OfferUpgrade(Step):
    """Log the change as a patch, and push it as a branch when there is a site repository."""

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
        assert newest  # noqa: S101  # for mypy: `newest_release_fits` has checked it
        file = self.folder / "component.toml"
        try:
            upgrade = Upgrade.of(self.component, file.read_text("utf-8"), newest.release)
        except (OSError, ValueError) as error:
            self.fail(str(error))
        await self.addCompleteLog("component.toml", upgrade.difference)
        offer = f"{newest.release} is ready: {upgrade.new}"
        if self.repository:
            try:
                offer = await deferToThread(push_branch, self.repository, upgrade, report)
            except GitCommandError as error:
                stderr = str(error.stderr or error).strip().removeprefix("stderr: '").rstrip("'")
                self.fail(f"{self.repository.address} does not take the branch: {reason(stderr)}")
        report = report.model_copy(update={"offer": offer})
        self.setProperty(TRIAL_PROPERTY, report.model_dump(mode="json"), self.name)
        self.descriptionDone = offer
        return SUCCESS


def newest_release_fits(step: BuildStep) -> bool:
    """Whether upstream has a release newer than the pinned one, and everything fits it.

    A pinned commit stays: `component.toml` has no line `release` to change.
    """
    if isinstance(step, OfferUpgrade) and not step.component.upstream.release:
        return False
    report = Report.model_validate(step.getProperty(TRIAL_PROPERTY))
    newest = report.trial(Target.NEWEST)
    return newest is not None and newest.fits
