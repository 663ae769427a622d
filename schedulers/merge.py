"""A merge, or a new upstream release, starts the component's build."""

from buildbot.changes.changes import Change
from buildbot.changes.filter import ChangeFilter
from buildbot.schedulers.basic import AnyBranchScheduler

from change_sources.watch import watched
from model.component import Component


def scheduler(component: Component) -> AnyBranchScheduler:
    followed = {watched(source) for source in component.sources}

    def concerns(change: Change) -> bool:
        return (change.repository, change.category) in followed

    return AnyBranchScheduler(
        name=f"{component.name}-merge",
        change_filter=ChangeFilter(filter_fn=concerns),
        treeStableTimer=None,
        builderNames=[component.builder],
    )
