"""A poller for a branch of a repository."""

from buildbot.changes.gitpoller import GitPoller
from buildbot.util.twisted import async_to_deferred

from change_sources.watch import heard, name, watched
from model.component import Source


class BranchPoller(GitPoller):
    """Buildbot's own, which tells nobody when it finds a new commit while the master starts."""

    @async_to_deferred
    async def poll(self) -> None:  # type: ignore[override]  # a Deferred, as in GitPoller
        # A first look only remembers where the branch stands, so that one may be early.
        if heard(self.master) or await self.getState("lastRev", None) is None:
            await super().poll()


def poller(source: Source, seconds: int) -> BranchPoller:
    folder = "".join(c if c.isalnum() else "-" for c in name(source))
    return BranchPoller(
        repourl=source.repository,
        branch=source.branch,
        category=watched(source)[1],
        name=name(source),
        workdir=f"gitpoller/{folder}",
        pollInterval=seconds,
        pollAtLaunch=True,
        buildPushesWithNoCommits=True,
    )
