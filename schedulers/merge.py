"""A merge, or a new upstream release, starts the component's build."""

from buildbot.changes.changes import Change
from buildbot.changes.filter import ChangeFilter
from buildbot.schedulers.basic import AnyBranchScheduler

from change_sources.change_key import change_key
from model.component import Component, Source
from model.tags import followed_releases


def scheduler(component: Component) -> AnyBranchScheduler:
    def concerns(change: Change) -> bool:
        return any(tells_of(change, source) for source in component.followed)

    return AnyBranchScheduler(
        name=f"{component.name}-merge",
        change_filter=ChangeFilter(filter_fn=concerns),
        treeStableTimer=None,
        builderNames=[component.builder],
    )


def tells_of(change: Change, source: Source) -> bool:
    """Whether a change is in what a source follows; a release must be one of its series."""
    if (change.repository, change.category) != change_key(source):
        return False
    return source.branch is not None or bool(followed_releases(source, [change.branch or ""]))
