"""Our changes are tried on upstream every night, and at once on a new release tag."""

from buildbot.changes.changes import Change
from buildbot.changes.filter import ChangeFilter
from buildbot.schedulers.basic import AnyBranchScheduler
from buildbot.schedulers.timed import Nightly

from change_sources.change_key import change_key
from model.component import Component
from model.site import Site

HOUR, MINUTE = 2, 23
"""When nobody waits for the workers, and few others ask the same servers."""


def nightly(site: Site) -> list[Nightly]:
    """One scheduler for all, none for a site that pins nothing."""
    builders = [component.trial_builder for component in site.trial_components]
    if not builders:
        return []
    return [Nightly(name="nightly-upstream", builderNames=builders, hour=HOUR, minute=MINUTE)]


def released(component: Component) -> AnyBranchScheduler:
    """Any release counts, whether builds follow its series or not."""

    def concerns(change: Change) -> bool:
        return (change.repository, change.category) == change_key(component.upstream)

    return AnyBranchScheduler(
        name=f"{component.name}-released",
        change_filter=ChangeFilter(filter_fn=concerns),
        treeStableTimer=None,
        builderNames=[component.trial_builder],
    )
