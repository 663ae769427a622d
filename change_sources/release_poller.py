"""A poller for the release tags of an upstream: a release is one event, known by its name."""

from collections.abc import Sequence
from typing import Any

from buildbot.util.twisted import async_to_deferred

from change_sources.change_key import FIRST, poller_name
from change_sources.repository_poller import RepositoryPoller
from model.component import Source
from model.tags import all_releases, followed_releases

SEEN = "releases"


class ReleasePoller(RepositoryPoller):
    """Records each new release tag once; the schedulers choose the components that follow it.

    At first it records the newest tag of each series that is followed: a build may have taken an
    older one before the first poll.
    """

    pattern = "refs/tags/*"
    compare_attrs = ("sources",)

    def checkConfig(self, sources: Sequence[Source], **kwargs: Any) -> None:  # type: ignore[override]  # as Buildbot itself
        super().checkConfig(sources[0], **kwargs)

    @async_to_deferred
    async def reconfigService(self, sources: Sequence[Source], **kwargs: Any) -> None:  # type: ignore[override]  # as Buildbot itself
        self.sources = sources
        await super().reconfigService(sources[0], **kwargs)

    async def note_refs(self, refs: dict[str, str]) -> None:
        tags = {ref.removeprefix("refs/tags/"): revision for ref, revision in refs.items()}
        releases = all_releases(self.source, tags)
        seen = await self.remembered(SEEN)
        new = self.newest_followed(releases) if seen is None else {*releases} - {*seen}
        first = {FIRST: True} if seen is None else {}
        for release in (release for release in releases if release in new):
            comments = f"Upstream released {release}"
            await self.add_change(release, tags[release], "upstream", comments, **first)
        await self.remember(SEEN, releases)

    def newest_followed(self, releases: Sequence[str]) -> set[str]:
        """The newest release of each series."""
        series = (followed_releases(source, releases) for source in self.sources)
        return {followed[-1] for followed in series if followed}


def poller(sources: Sequence[Source], seconds: int) -> ReleasePoller:
    """A poller for sources that differ in their series only."""
    name = poller_name(sources[0])
    return ReleasePoller(sources, name=name, pollInterval=seconds, pollAtLaunch=True)
