"""The tab Upstream: for every component, whether our changes fit what upstream offers next."""

from collections.abc import Iterable
from datetime import datetime

from model.component import Component
from model.reading import Model, Name
from releases.ledger import Reports
from releases.trial import Target, Trial, Verdict


class PatchView(Model):
    """What became of one patch on one target."""

    name: str
    subject: str
    author: str
    verdict: Verdict
    words: str
    """The verdict in words, with its details."""


class TrialView(Model):
    """Our changes on one commit of the upstream."""

    target: Target
    release: str
    """Tag or branch."""
    commit: str
    fits: bool
    words: str
    """The result in one line."""
    patches: tuple[PatchView, ...]
    failed: str
    """The first step that failed after the patches, with its sentence; empty for none."""


class TrialRow(Model):
    """One component whose upstream has releases."""

    component: Name
    title: str
    link: str
    """The build that tried it last, or its builder."""
    when: datetime | None
    """When that was; None before the first trial."""
    trials: tuple[TrialView, ...]
    unknown: str
    """Why nothing could be tried; empty when something was."""
    offer: str
    """How the change to the newest release can be had, if it fits."""


def trial_rows(components: Iterable[Component], reports: Reports) -> list[TrialRow]:
    return [trial_row(component, reports) for component in components]


def trial_row(component: Component, reports: Reports) -> TrialRow:
    report, link = reports[component.name]
    return TrialRow(
        component=component.name,
        title=component.title,
        link=link,
        when=report.when if report else None,
        trials=tuple(trial_view(trial) for trial in report.trials) if report else (),
        unknown=report.unknown if report else "",
        offer=report.offer if report else "",
    )


def trial_view(trial: Trial) -> TrialView:
    return TrialView(
        target=trial.target,
        release=trial.release,
        commit=trial.commit,
        fits=trial.fits,
        words=trial.words,
        failed=trial.failed,
        patches=tuple(
            PatchView(
                name=patch.name,
                subject=patch.subject,
                author=patch.author,
                verdict=patch.verdict,
                words=patch.words,
            )
            for patch in trial.patches
        ),
    )
