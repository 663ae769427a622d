"""Try our series on a commit of the upstream, patch by patch."""

from pathlib import Path
from typing import Any

from buildbot.process.results import FAILURE, SUCCESS, WARNINGS
from buildbot.util.twisted import async_to_deferred

from model.component import Component
from releases.trial import FITTING, STANDING, PatchTrial, Target, Trial, Verdict
from steps.lines import lines
from steps.targets import TARGETS
from steps.tree_step import SERIES, TreeStep, called

KNOWN = "known"


class TrySeries(TreeStep):
    """Say of every patch what becomes of it; what upstream has already is left out."""

    description = "trying"

    def __init__(self, component: Component, folder: Path, target: Target, **kwargs: Any) -> None:
        self.target = target
        super().__init__(component, folder, name=f"try-{target}", **kwargs)

    @async_to_deferred
    async def run(self) -> int:
        ref, commit = self.getProperty(TARGETS)[self.target]
        await self.begin(ref, commit)
        patches = await self.tried(ref)
        trial = Trial(
            target=self.target,
            release=called(ref, commit),
            commit=commit,
            patches=patches,
        )
        self.setProperty(f"tried-{self.target}", trial.model_dump(mode="json"), self.name)
        await self.addCompleteLog("patches", "\n".join(map(str, patches)) or "no patches")
        self.descriptionDone = f"{trial.title}: {trial.words}"
        if any(patch.verdict in STANDING for patch in patches):
            return FAILURE
        await self.change_folders()
        return SUCCESS if all(patch.verdict in FITTING for patch in patches) else WARNINGS

    async def begin(self, ref: str, commit: str) -> None:
        """Forget what was laid for another target, and lay this one."""
        for name in ("materials", "series", "patches"):
            self.setProperty(name, [], self.name)
        address = self.component.upstream.repository
        laid = await self.add_commit(address, ref, commit, "", kept_for=f"trial on {self.target}")
        self.setProperty("upstream-tree", laid.tree, self.name)
        self.setProperty("upstream-date", laid.date, self.name)

    async def tried(self, ref: str) -> tuple[PatchTrial, ...]:
        """What became of each patch."""
        upstream = self.component.upstream
        forked = await self.import_fork(upstream.fork, "")
        given = self.patches(self.component.series(""))
        pinned, _ = self.getProperty(TARGETS)[Target.PINNED]
        since = "" if self.target is Target.PINNED else pinned
        known = (upstream.repository, since, ref, KNOWN)
        await self.script("known", SERIES, forked, *known, stdin=given)
        words = ("try", SERIES, "", forked, KNOWN)
        printed = await self.script("series", *words, stdin=given)
        before, after, gitlinks, *described = lines(printed)
        self.add("series", [["", before, after]])
        self.setProperty("gitlinks", int(gitlinks), self.name)
        return tuple(map(tried, described))


def tried(line: str) -> PatchTrial:
    """One line of what `series.bash` prints."""
    name, identity, author, subject, verdict, detail = line.split("\t", 5)
    return PatchTrial(
        name=name,
        id=identity,
        author=author or "unknown",
        subject=subject or name,
        verdict=Verdict(verdict),
        detail=detail,
    )
