"""A poller for a branch of a repository."""

from buildbot.changes.gitpoller import GitPoller

from change_sources.watch import name
from model.component import Source


def poller(source: Source, seconds: int) -> GitPoller:
    folder = "".join(c if c.isalnum() else "-" for c in name(source))
    return GitPoller(
        repourl=source.repository,
        branch=source.branch,
        category=source.follows,
        name=name(source),
        workdir=f"gitpoller/{folder}",
        pollInterval=seconds,
        pollAtLaunch=True,
        buildPushesWithNoCommits=True,
    )
