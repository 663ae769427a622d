"""A poller for a branch of a repository."""

from buildbot.changes.gitpoller import GitPoller
from buildbot.util.twisted import async_to_deferred

from change_sources.change_key import change_key, poller_name, schedulers_ready
from change_sources.git_process import GIT, host_processes
from model.component import Source


class BranchPoller(GitPoller):
    """Buildbot's own poller, which waits with new commits until the schedulers are ready.

    Buildbot kills a git that is silent for five minutes.
    """

    @async_to_deferred
    async def poll(self) -> None:  # type: ignore[override]  # a Deferred, as in GitPoller
        # The first poll only remembers where the branch is, so it need not wait.
        if schedulers_ready(self.master) or await self.getState("lastRev", None) is None:
            await host_processes(self.repourl).run(super().poll)


def poller(source: Source, seconds: int) -> BranchPoller:
    folder = "".join(c if c.isalnum() else "-" for c in poller_name(source))
    return BranchPoller(
        repourl=source.repository,
        branch=source.branch,
        category=change_key(source)[1],
        name=poller_name(source),
        workdir=f"gitpoller/{folder}",
        pollInterval=seconds,
        gitbin=GIT,
        pollAtLaunch=True,
        buildPushesWithNoCommits=True,
    )
