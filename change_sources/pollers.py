"""All pollers of a site: one for each branch or set of tags that is followed."""

from buildbot.changes.base import ReconfigurablePollingChangeSource

from change_sources import branch_poller, release_poller
from change_sources.change_key import change_key
from model.component import Component, Source
from model.site import Site


def polled_sources(component: Component) -> tuple[Source, ...]:
    """What starts a build, and the releases that only start a trial."""
    return (*component.followed, *([component.upstream] if component.has_trials else []))


def pollers(site: Site) -> list[ReconfigurablePollingChangeSource]:
    sources = {change_key(source): source for c in site.components for source in polled_sources(c)}
    return [
        (branch_poller if source.branch else release_poller).poller(source, site.poll_seconds)
        for _, source in sorted(sources.items())
    ]
