"""Try our series on one commit of the upstream, patch by patch."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from buildbot.process.results import FAILURE, SUCCESS, WARNINGS
from buildbot.util.twisted import async_to_deferred

from model.component import Component
from releases.trial import FITTING, NEEDS_REBASE, PatchTrial, Target, Trial, Verdict
from steps.patch_file import PatchFile, title
from steps.records import batched
from steps.tar import tar_archive
from steps.targets import TARGETS
from steps.tree_step import SERIES, TreeStep, ref_label

UPSTREAM_IDS = "upstream-ids"
"""A file on the worker: the ids of patches that upstream has taken, with their commits."""


class TrySeries(TreeStep):
    """Give every patch a verdict, and apply those that apply."""

    description = "trying"

    def __init__(self, component: Component, folder: Path, target: Target, **kwargs: Any) -> None:
        self.target = target
        super().__init__(component, folder, name=f"try-{target}", **kwargs)

    @async_to_deferred
    async def run(self) -> int:
        ref, commit = self.getProperty(TARGETS)[self.target]
        await self.start_tree(ref, commit)
        patches = await self.try_patches(ref)
        trial = Trial(
            target=self.target,
            release=ref_label(ref, commit),
            commit=commit,
            patches=patches,
        )
        self.setProperty(f"tried-{self.target}", trial.model_dump(mode="json"), self.name)
        await self.addCompleteLog("patches", "\n".join(map(str, patches)) or "no patches")
        self.summarise(f"{trial.title}: {trial.words}")
        if any(patch.verdict in NEEDS_REBASE for patch in patches):
            return FAILURE
        await self.apply_folder_series()
        return SUCCESS if all(patch.verdict in FITTING for patch in patches) else WARNINGS

    async def start_tree(self, ref: str, commit: str) -> None:
        """Start the tree with this target instead of the one before."""
        for name in ("materials", "series", "patches"):
            self.setProperty(name, [], self.name)
        address = self.component.upstream.repository
        source = await self.add_commit(address, ref, commit, "", purpose=f"trial on {self.target}")
        self.setProperty("upstream-tree", source.tree, self.name)
        self.setProperty("upstream-date", source.date, self.name)

    async def try_patches(self, ref: str) -> tuple[PatchTrial, ...]:
        """The verdict of each patch."""
        upstream = self.component.upstream
        forked = await self.import_fork(upstream.fork, "")
        ours = self.read_patches(self.component.series(""))
        archive = tar_archive(ours.files())
        pinned, _ = self.getProperty(TARGETS)[Target.PINNED]
        since = "" if self.target is Target.PINNED else pinned
        history = (upstream.repository, since, ref, UPSTREAM_IDS)
        mode = "forked" if upstream.fork else ""
        await self.run_script("upstream_ids", SERIES, mode, *history, stdin=archive)
        arguments = ("try", SERIES, "", mode, UPSTREAM_IDS)
        output = await self.run_records("series", *arguments, stdin=archive)
        before, after, gitlinks, *results = output
        self.extend_property("series", [["", before, after]])
        self.setProperty("gitlinks", int(gitlinks), self.name)
        return tuple(map(patch_trial, [*forked, *ours.patches], batched(results, 3)))


def patch_trial(patch: PatchFile, result: Sequence[str]) -> PatchTrial:
    """The result of one patch: its id, verdict and detail."""
    patch_id, verdict, detail = result
    return PatchTrial(
        name=patch.name,
        id=patch_id,
        author=patch.author or "unknown",
        subject=title(patch.subject) or patch.name,
        verdict=Verdict(verdict),
        detail=detail,
    )
