"""Our changes are tried on upstream every night, and at once on a new release tag."""

from buildbot.changes.changes import Change
from buildbot.schedulers.timed import Nightly

from change_sources.change_key import FIRST, change_key
from model.site import Site
from schedulers.changes import ChangeScheduler

HOUR, MINUTE = 2, 23
"""The workers and the upstreams' servers are idle then."""


def schedulers(site: Site) -> list[Nightly | ChangeScheduler]:
    """A nightly one and one for release tags; none for a site whose upstreams have no releases."""
    builders = [component.trial_builder for component in site.trial_components]
    if not builders:
        return []
    nightly = Nightly(name="nightly-upstream", builderNames=builders, hour=HOUR, minute=MINUTE)
    return [nightly, released(site)]


def released(site: Site) -> ChangeScheduler:
    """Starts on every new release tag, whether builds follow its series or not.

    What there was at the first poll is tried in the night.
    """

    def concerned(change: Change) -> list[str]:
        if change.properties.getProperty(FIRST):
            return []
        key = change.repository, change.category
        components = [c for c in site.trial_components if change_key(c.upstream) == key]
        return [component.trial_builder for component in components]

    builders = [component.trial_builder for component in site.trial_components]
    return ChangeScheduler(name="upstream-released", concerned=concerned, builderNames=builders)
