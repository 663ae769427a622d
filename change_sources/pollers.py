"""All pollers of a site: one for each branch or set of tags that is followed."""

from collections import defaultdict

from buildbot.changes.base import ReconfigurablePollingChangeSource

from change_sources import branch_poller, release_poller
from change_sources.change_key import ChangeKey, change_key
from model.component import Component, Source
from model.site import Site


def polled_sources(component: Component) -> tuple[Source, ...]:
    """What starts a build, and the releases that only start a trial."""
    return (*component.followed, *([component.upstream] if component.has_trials else []))


def pollers(site: Site) -> list[ReconfigurablePollingChangeSource]:
    sources: defaultdict[ChangeKey, list[Source]] = defaultdict(list)
    for component in site.components:
        for source in polled_sources(component):
            sources[change_key(source)].append(source)
    return [poller(sources[key], site.poll_seconds) for key in sorted(sources)]


def poller(sources: list[Source], seconds: int) -> ReconfigurablePollingChangeSource:
    """The poller of sources that have one key: of one branch, or of any series of releases."""
    if sources[0].branch:
        return branch_poller.poller(sources[0], seconds)
    return release_poller.poller(sources, seconds)
