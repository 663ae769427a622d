"""Find what upstream offers: the release that is pinned, the newest of all, its main branch."""

from buildbot.process.results import SUCCESS
from buildbot.util.twisted import async_to_deferred

from model.component import Source
from model.tags import released
from releases.trial import Target
from steps.lines import lines
from steps.tree_step import HEADS, TAGS, TreeStep, called, newest, pointed_at

TARGETS = "targets"


class FindReleases(TreeStep):
    """Ask upstream once for its tags and its main branch."""

    name = "find-releases"
    description = "asking"

    @async_to_deferred
    async def run(self) -> int:
        await self.script("repository")
        source = self.component.upstream
        listing = await self.refs(source.repository, "HEAD", f"{TAGS}*", options=("--symref",))
        found = targets(source, listing)
        if Target.PINNED not in found:
            self.fail(f"{source.repository} has no {source.follows}")
        self.setProperty(TARGETS, found, self.name)
        said = [f"{target} {called(*where)}" for target, where in found.items()]
        self.descriptionDone = ", ".join(said)
        return SUCCESS


def targets(source: Source, listing: str) -> dict[Target, tuple[str, str]]:
    """Ref and commit of each target; without a newest when the pinned one is that."""
    symbolic = [line for line in lines(listing) if line.startswith("ref: ")]
    commits = pointed_at("\n".join(line for line in lines(listing) if line not in symbolic))
    found: dict[Target, tuple[str, str]] = {}
    pinned = ("", source.commit) if source.commit else newest(source, commits)
    if pinned:
        found[Target.PINNED] = pinned
    tags = [ref.removeprefix(TAGS) for ref in commits if ref.startswith(TAGS)]
    ref = f"{TAGS}{last}" if (last := (released(source, tags) or [""])[-1]) else ""
    if ref and pinned and ref != pinned[0]:
        found[Target.NEWEST] = (ref, commits[ref])
    for line in symbolic:
        branch, name = line.removeprefix("ref: ").split("\t")
        if name == "HEAD" and branch.startswith(HEADS) and "HEAD" in commits:
            found[Target.MAIN] = (branch, commits["HEAD"])
    return found
