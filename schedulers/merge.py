"""A merge, or a new upstream release, starts the builds of the components that follow it."""

from buildbot.changes.changes import Change

from change_sources.change_key import change_key
from model.component import Source
from model.site import Site
from model.tags import followed_releases
from schedulers.built_sources import taken
from schedulers.changes import ChangeScheduler


def scheduler(site: Site) -> ChangeScheduler:
    def concerned(change: Change) -> list[str]:
        return [
            component.builder
            for component in site.components
            if any(is_followed(change, source) for source in component.followed)
        ]

    builders = [component.builder for component in site.components]
    return ChangeScheduler(name="merge", concerned=concerned, taken=taken, builderNames=builders)


def is_followed(change: Change, source: Source) -> bool:
    """Whether a source follows the branch or the release tag of a change."""
    if (change.repository, change.category) != change_key(source):
        return False
    return source.branch is not None or bool(followed_releases(source, [change.branch or ""]))
