"""A poller for the release tags of an upstream.

Buildbot's GitPoller fetches the whole repository and records every commit between two tags.
A release is one event, and a build needs only its name.
"""

from typing import Any

from buildbot.changes.base import ReconfigurablePollingChangeSource
from buildbot.util.twisted import async_to_deferred
from twisted.python import log

from change_sources.change_key import change_key, poller_name, schedulers_ready
from change_sources.git_process import SECONDS, GitError, host_processes, run_git
from model.component import Source
from model.tags import all_releases

SEEN = "releases"


class ReleasePoller(ReconfigurablePollingChangeSource):
    """Records each new release tag once; the schedulers choose the components that follow it."""

    compare_attrs = ("source",)
    seconds: float = SECONDS
    """How long git may wait for the repository's server."""

    def checkConfig(self, _source: Source, **kwargs: Any) -> None:  # type: ignore[override]  # as Buildbot itself
        super().checkConfig(**kwargs)

    @async_to_deferred
    async def reconfigService(self, source: Source, **kwargs: Any) -> None:  # type: ignore[override]  # as Buildbot itself
        self.source = source
        self.repourl = source.repository
        await super().reconfigService(**kwargs)

    def describe(self) -> str:
        return f"tags {self.source.tags} of {self.source.repository}"

    @async_to_deferred
    async def poll(self) -> None:  # type: ignore[override]  # a Deferred, as in GitPoller
        try:
            tags = await host_processes(self.repourl).run(self.list_tags)
        except GitError as error:
            log.msg(f"{self.repourl} cannot be reached: {error}")
            return
        tags_now = all_releases(self.source, tags)
        seen = await self.master.db.state.getState(await self.state_id(), SEEN, None)
        new = [release for release in tags_now if seen is not None and release not in seen]
        if new and not schedulers_ready(self.master):
            return
        for release in new:
            await self.add_change(release, tags[release])
        await self.master.db.state.setState(await self.state_id(), SEEN, tags_now)

    @async_to_deferred
    async def list_tags(self) -> dict[str, str]:
        """The tags of the repository and the objects they name; raises GitError."""
        command = ("ls-remote", "--tags", "--refs", self.repourl)
        listing = await run_git(self.master, *command, seconds=self.seconds)
        pairs = (line.split("\t") for line in listing.splitlines())
        return {ref.removeprefix("refs/tags/"): revision for revision, ref in pairs}

    async def state_id(self) -> int:
        identity: int = await self.master.db.state.getObjectId(self.name, "ReleasePoller")
        return identity

    async def add_change(self, release: str, revision: str) -> None:
        await self.master.data.updates.addChange(
            author="upstream",
            revision=revision,
            comments=f"Upstream released {release}",
            files=[],
            branch=release,
            category=change_key(self.source)[1],
            repository=self.source.repository,
            src="git",
        )


def poller(source: Source, seconds: int) -> ReleasePoller:
    return ReleasePoller(source, name=poller_name(source), pollInterval=seconds, pollAtLaunch=True)
