"""Find what a trial is made on: the pinned release, the newest one, upstream's main branch."""

from buildbot.process.results import SUCCESS
from buildbot.util.twisted import async_to_deferred

from model.component import Source
from model.tags import all_releases
from releases.trial import Target
from steps.lines import lines
from steps.tree_step import HEADS, TAGS, TreeStep, commits_by_ref, newest_ref, ref_label

TARGETS = "targets"
"""The property with the ref and the commit of each target."""


class FindReleases(TreeStep):
    """List upstream's tags and its main branch."""

    name = "find-releases"
    description = "asking"

    @async_to_deferred
    async def run(self) -> int:
        await self.run_script("repository")
        source = self.component.upstream
        listing = await self.list_refs(source.repository, "HEAD", f"{TAGS}*", options=("--symref",))
        targets = find_targets(source, listing)
        if Target.PINNED not in targets:
            self.fail(f"{source.repository} has no {source.follows}")
        self.setProperty(TARGETS, targets, self.name)
        labels = [f"{target} {ref_label(ref, commit)}" for target, (ref, commit) in targets.items()]
        self.descriptionDone = ", ".join(labels)
        return SUCCESS


def find_targets(source: Source, listing: str) -> dict[Target, tuple[str, str]]:
    """Ref and commit of each target; no newest release when the pinned one is the newest."""
    symbolic = [line for line in lines(listing) if line.startswith("ref: ")]
    commits = commits_by_ref("\n".join(line for line in lines(listing) if line not in symbolic))
    targets: dict[Target, tuple[str, str]] = {}
    pinned = ("", source.commit) if source.commit else newest_ref(source, commits)
    if pinned:
        targets[Target.PINNED] = pinned
    tags = [ref.removeprefix(TAGS) for ref in commits if ref.startswith(TAGS)]
    ref = f"{TAGS}{last}" if (last := (all_releases(source, tags) or [""])[-1]) else ""
    if ref and pinned and ref != pinned[0]:
        targets[Target.NEWEST] = (ref, commits[ref])
    for line in symbolic:
        branch, name = line.removeprefix("ref: ").split("\t")
        if name == "HEAD" and branch.startswith(HEADS) and "HEAD" in commits:
            targets[Target.MAIN] = (branch, commits["HEAD"])
    return targets
