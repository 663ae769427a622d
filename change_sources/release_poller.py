"""A poller for the release tags of an upstream.

Buildbot's GitPoller fetches the whole repository and tells of every commit between two tags;
a release is one event, and its name is all that a build needs.
"""

from typing import Any

from buildbot.changes.base import ReconfigurablePollingChangeSource
from buildbot.util.twisted import async_to_deferred
from git.cmd import Git
from git.exc import GitCommandError
from twisted.internet.threads import deferToThread
from twisted.python import log

from change_sources.watch import heard, name, watched
from model.component import Source
from model.tags import released

SEEN = "releases"


class ReleasePoller(ReconfigurablePollingChangeSource):
    """Tells of each new release tag, once; schedulers know whose series it belongs to."""

    compare_attrs = ("source",)

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
            tags = await deferToThread(tags_of, self.source.repository)
        except GitCommandError as error:
            log.msg(f"{self.source.repository} cannot be reached: {error.stderr.strip()}")
            return
        found = released(self.source, tags)
        seen = await self.master.db.state.getState(await self.state_id(), SEEN, None)
        new = [release for release in found if seen is not None and release not in seen]
        if new and not heard(self.master):
            return
        for release in new:
            await self.tell(release, tags[release])
        await self.master.db.state.setState(await self.state_id(), SEEN, found)

    async def state_id(self) -> int:
        identity: int = await self.master.db.state.getObjectId(self.name, "ReleasePoller")
        return identity

    async def tell(self, release: str, revision: str) -> None:
        await self.master.data.updates.addChange(
            author="upstream",
            revision=revision,
            comments=f"Upstream released {release}",
            files=[],
            branch=release,
            category=watched(self.source)[1],
            repository=self.source.repository,
            src="git",
        )


def tags_of(repository: str) -> dict[str, str]:
    """The tags of a repository and the objects they name; raises GitCommandError."""
    listing = str(Git().ls_remote("--tags", "--refs", repository))
    pairs = (line.split("\t") for line in listing.split("\n") if line)
    return {ref.removeprefix("refs/tags/"): revision for revision, ref in pairs}


def poller(source: Source, seconds: int) -> ReleasePoller:
    return ReleasePoller(source, name=name(source), pollInterval=seconds, pollAtLaunch=True)
