"""Every poller of a site: one per repository and what is followed of it."""

from buildbot.changes.base import ReconfigurablePollingChangeSource

from change_sources import branches, upstream
from change_sources.watch import watched
from model.site import Site


def pollers(site: Site) -> list[ReconfigurablePollingChangeSource]:
    sources = {watched(source): source for c in site.components for source in c.followed}
    return [
        (branches if source.branch else upstream).poller(source, site.poll_seconds)
        for _, source in sorted(sources.items())
    ]
