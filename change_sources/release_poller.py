"""A poller for the release tags of an upstream: a release is one event, known by its name."""

from change_sources.change_key import poller_name
from change_sources.repository_poller import RepositoryPoller
from model.component import Source
from model.tags import all_releases

SEEN = "releases"


class ReleasePoller(RepositoryPoller):
    """Records each new release tag once; the schedulers choose the components that follow it."""

    pattern = "refs/tags/*"

    async def note_refs(self, refs: dict[str, str]) -> None:
        tags = {ref.removeprefix("refs/tags/"): revision for ref, revision in refs.items()}
        releases = all_releases(self.source, tags)
        seen = await self.remembered(SEEN)
        for release in releases if seen is not None else ():
            if release not in seen:
                comments = f"Upstream released {release}"
                await self.add_change(release, tags[release], "upstream", comments)
        await self.remember(SEEN, releases)


def poller(source: Source, seconds: int) -> ReleasePoller:
    return ReleasePoller(source, name=poller_name(source), pollInterval=seconds, pollAtLaunch=True)
