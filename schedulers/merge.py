"""A merge, or a new upstream release, starts the builds of the components made from it."""

from buildbot.changes.changes import Change

from change_sources.watch import watched
from model.component import Source
from model.site import Site
from model.tags import releases
from schedulers.changes import ChangeScheduler


def scheduler(site: Site) -> ChangeScheduler:
    def concerned(change: Change) -> list[str]:
        return [
            component.builder
            for component in site.components
            if any(tells_of(change, source) for source in component.followed)
        ]

    builders = [component.builder for component in site.components]
    return ChangeScheduler(name="merge", concerned=concerned, builderNames=builders)


def tells_of(change: Change, source: Source) -> bool:
    """Whether a change is in what a source follows; a release must be one of its series."""
    if (change.repository, change.category) != watched(source):
        return False
    return source.branch is not None or bool(releases(source, [change.branch or ""]))
