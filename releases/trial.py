"""Whether our changes survive upstream's next release: what was tried, in words."""

import re
from datetime import datetime
from enum import StrEnum

from model.reading import Model, Name

TRIAL_PROPERTY = "upstream"
"""The property of a trial's build that holds its report; Buildbot's database keeps the name."""


class Target(StrEnum):
    """What the series is tried on."""

    PINNED = "pinned"
    """The release that builds take now."""
    NEWEST = "newest"
    """The newest release tag of all, if that is another one."""
    MAIN = "main"
    """Upstream's own main branch."""

    def tried_by(self, step: str) -> bool:
        """Whether a step is part of this trial; Buildbot counts steps that share a name."""
        return re.fullmatch(rf".+-{self}(_\d+)?", step) is not None


class Verdict(StrEnum):
    """What became of one patch."""

    APPLIES = "applies"
    MOVED = "moved"
    UPSTREAM = "upstream"
    MERGES = "merges"
    CONFLICTS = "conflicts"


FITTING = (Verdict.APPLIES, Verdict.MOVED)
STANDING = (Verdict.MERGES, Verdict.CONFLICTS)


class PatchTrial(Model):
    """One patch and what became of it."""

    name: str
    id: str
    author: str
    subject: str
    verdict: Verdict
    detail: str = ""
    """Lines it moved by, the commit with which upstream took it, or git's complaint."""

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
    """What went wrong after the series: the first step that failed, and what it said."""

    @property
    def title(self) -> str:
        """`pinned 6.1.9`, `newest 6.4.2`, `branch master`."""
        return f"{'branch' if self.target is Target.MAIN else self.target} {self.release}"

    @property
    def fits(self) -> bool:
        """Whether a build of this would be green: the whole series applies, lint and tests pass."""
        return not self.failed and all(patch.verdict in FITTING for patch in self.patches)

    @property
    def words(self) -> str:
        """`3 patches apply`, or what stands against it."""
        count = len(self.patches)
        others = [str(patch) for patch in self.patches if patch.verdict not in FITTING]
        if others:
            said = f"{count - len(others)} of {count} patches apply: {', '.join(others)}"
        else:
            said = "1 patch applies" if count == 1 else f"{count} patches apply"
        return f"{said}; {self.failed}" if self.failed else said


class Report(Model):
    """What the last trials of one component found: a property of their build."""

    component: Name
    when: datetime
    trials: tuple[Trial, ...]
    unknown: str = ""
    """Why nothing could be tried."""
    offer: str = ""
    """How the change to the newest release can be had, if it fits."""

    def trial(self, target: Target) -> Trial | None:
        return next((trial for trial in self.trials if trial.target is target), None)

    def __str__(self) -> str:
        """The whole of it in one line."""
        if self.unknown:
            return self.unknown
        said = [f"{trial.title}: {trial.words}" for trial in self.trials]
        if not self.trial(Target.NEWEST):
            said.insert(1, "nothing newer is released")
        return "; ".join(said)
