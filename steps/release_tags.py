"""Remember the commit of each release tag, and notice when an upstream moves one."""

from buildbot.master import BuildMaster

from model.component import Source

COMMITS = "commits"
"""In Buildbot's table of states: by tag of a repository, the commit that was built first."""


async def first_commit(master: BuildMaster, repository: str, tag: str, commit: str) -> str:
    """The commit that a tag had when it was built first, which is this one the first time."""
    identity = await master.db.state.getObjectId(repository, "ReleaseTags")
    commits = await master.db.state.getState(identity, COMMITS, {})
    if tag not in commits:
        await master.db.state.setState(identity, COMMITS, commits | {tag: commit})
    return str(commits.get(tag, commit))


def moved_tag_problem(source: Source, tag: str, first: str, commit: str) -> str:
    """Why a tag is not taken, and what takes it; empty when it did not move or is accepted."""
    if commit == first or (source.moved_to and commit.startswith(source.moved_to)):
        return ""
    return (
        f"{source.repository}: the tag {tag} was {first[:12]} and is {commit[:12]} now: "
        f'upstream has moved it. To take it, write moved_to = "{commit}" below this repository'
    )
