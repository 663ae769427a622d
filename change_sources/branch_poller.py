"""A poller for a branch of a repository.

Buildbot's GitPoller fetches the repository, decodes and records every commit, and loses what it
cannot decode. A build needs only to know that the head is another one now.
"""

from change_sources.change_key import FIRST, poller_name
from change_sources.commit_summary import read_summary
from change_sources.repository_poller import RepositoryPoller
from model.component import Source

HEAD = "head"


class BranchPoller(RepositoryPoller):
    """Records that a branch has another head; how it came there does not matter.

    The first head is recorded too: a build may have taken an older one before the first poll.
    A branch that is deleted leaves everything as it is.
    """

    @property
    def pattern(self) -> str:
        return f"refs/heads/{self.source.branch}"

    head: str | None = None
    """Where the branch was when it was polled last."""

    async def note_refs(self, refs: dict[str, str]) -> None:
        head = self.head = refs.get(self.pattern)
        before = await self.remembered(HEAD)
        if head is None or head == before:
            return
        branch = str(self.source.branch)
        summary = await read_summary(self.master, self.repourl, branch, head)
        first = {FIRST: True} if before is None else {}
        await self.add_change(branch, head, summary.author, summary.subject, **first)
        await self.remember(HEAD, head)


def poller(source: Source, seconds: int) -> BranchPoller:
    return BranchPoller(source, name=poller_name(source), pollInterval=seconds, pollAtLaunch=True)
