"""Every poller of a site: one per repository and what is followed of it."""

from buildbot.changes.base import ReconfigurablePollingChangeSource

from change_sources import branch_poller, release_poller
from change_sources.watch import watched
from model.component import Component, Source
from model.site import Site


def heard_of(component: Component) -> tuple[Source, ...]:
    """What starts a build, and the releases that only a watch is for."""
    return (*component.followed, *([component.upstream] if component.watched else []))


def pollers(site: Site) -> list[ReconfigurablePollingChangeSource]:
    sources = {watched(source): source for c in site.components for source in heard_of(c)}
    return [
        (branch_poller if source.branch else release_poller).poller(source, site.poll_seconds)
        for _, source in sorted(sources.items())
    ]
