"""Trials of our changes on upstream's newer releases: the results, in words."""

import re
from datetime import datetime
from enum import StrEnum

from model.reading import Model, Name

TRIAL_PROPERTY = "upstream"
"""The property of a trial's build that holds its report; Buildbot's database keeps the name."""


class Target(StrEnum):
    """What a trial applies the series to."""

    PINNED = "pinned"
    """The release that builds use now."""
    NEWEST = "newest"
    """The newest release tag of all, unless that is the pinned one."""
    MAIN = "main"
    """Upstream's own main branch."""

    def includes_step(self, step: str) -> bool:
        """Whether a step is part of this trial; Buildbot numbers steps that share a name."""
        return re.fullmatch(rf".+-{self}(_\d+)?", step) is not None


class Verdict(StrEnum):
    """The result of one patch."""

    APPLIES = "applies"
    MOVED = "moved"
    UPSTREAM = "upstream"
    MERGES = "merges"
    CONFLICTS = "conflicts"


FITTING = (Verdict.APPLIES, Verdict.MOVED)
NEEDS_REBASE = (Verdict.MERGES, Verdict.CONFLICTS)
"""A person must write the patch again before its component can take this release."""


class PatchTrial(Model):
    """One patch and its verdict."""

    name: str
    id: str
    author: str
    subject: str
    verdict: Verdict
    detail: str = ""
    """The lines it moved by, the upstream commit with the same change, or git's error."""

    def __str__(self) -> str:
        return f"{self.name} {self.words}"

    @property
    def words(self) -> str:
        match self.verdict:
            case Verdict.APPLIES:
                return "applies"
            case Verdict.MOVED:
                return f"applies, {self.detail} line{'s' if self.detail != '1' else ''} away"
            case Verdict.UPSTREAM:
                taken = f", as {self.detail[:12]}" if self.detail else ""
                return f"is already upstream{taken}"
            case Verdict.MERGES:
                return f"needs rebasing, which git can do alone ({self.where})"
            case Verdict.CONFLICTS:
                return f"conflicts ({self.where})"

    @property
    def where(self) -> str:
        """`page.txt, line 2`, or git's own words."""
        file, _, line = self.detail.removeprefix("patch failed: ").rpartition(":")
        return f"{file}, line {line}" if line.isdigit() else self.detail


class Trial(Model):
    """The series, lint and tests on one commit of the upstream."""

    target: Target
    release: str
    """Tag or branch."""
    commit: str
    patches: tuple[PatchTrial, ...] = ()
    failed: str = ""
    """The first step that failed after the series, with its summary."""

    @property
    def title(self) -> str:
        """`pinned 6.1.9`, `newest 6.4.2`, `branch master`."""
        return f"{'branch' if self.target is Target.MAIN else self.target} {self.release}"

    @property
    def fits(self) -> bool:
        """Whether a build of this target would be green: series, lint and tests succeed."""
        return not self.failed and all(patch.verdict in FITTING for patch in self.patches)

    @property
    def words(self) -> str:
        """`3 patches apply`, or the patches that do not, and the step that failed."""
        count = len(self.patches)
        others = [str(patch) for patch in self.patches if patch.verdict not in FITTING]
        if others:
            text = f"{count - len(others)} of {count} patches apply: {', '.join(others)}"
        else:
            text = "1 patch applies" if count == 1 else f"{count} patches apply"
        return f"{text}; {self.failed}" if self.failed else text


class Report(Model):
    """The trials of one build of a component, which keeps this as a property."""

    component: Name
    when: datetime
    trials: tuple[Trial, ...]
    unknown: str = ""
    """Why there are no trials."""
    offer: str = ""
    """Where the change to the newest release is, if our changes fit it."""

    def trial(self, target: Target) -> Trial | None:
        return next((trial for trial in self.trials if trial.target is target), None)

    def __str__(self) -> str:
        """The report in one line."""
        if self.unknown:
            return self.unknown
        sentences = [f"{trial.title}: {trial.words}" for trial in self.trials]
        if not self.trial(Target.NEWEST):
            sentences.insert(1, "nothing newer is released")
        return "; ".join(sentences)
