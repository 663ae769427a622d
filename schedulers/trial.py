"""Our changes are tried on upstream every night, and at once on a new release tag."""

from buildbot.changes.changes import Change
from buildbot.schedulers.timed import Nightly

from change_sources.watch import watched
from model.site import Site
from schedulers.changes import ChangeScheduler

HOUR, MINUTE = 2, 23
"""When nobody waits for the workers, and few others ask the same servers."""


def schedulers(site: Site) -> list[Nightly | ChangeScheduler]:
    """One of each for all components, none for a site that pins nothing."""
    builders = [component.watcher for component in site.watched]
    if not builders:
        return []
    nightly = Nightly(name="nightly-upstream", builderNames=builders, hour=HOUR, minute=MINUTE)
    return [nightly, released(site)]


def released(site: Site) -> ChangeScheduler:
    """Any release counts, whether builds follow its series or not."""

    def concerned(change: Change) -> list[str]:
        what = change.repository, change.category
        return [one.watcher for one in site.watched if watched(one.upstream) == what]

    builders = [component.watcher for component in site.watched]
    return ChangeScheduler(name="upstream-released", concerned=concerned, builderNames=builders)
