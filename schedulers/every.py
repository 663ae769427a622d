"""Every scheduler of a site."""

from buildbot.util.service import ClusteredBuildbotService

from model.site import Site
from schedulers import buttons, described, follow, merge, upstream


def schedulers(site: Site) -> list[ClusteredBuildbotService]:
    places = [(c, environment) for c in site.components for environment in site.environments]
    return [
        described.scheduler(site),
        *(merge.scheduler(component) for component in site.components),
        *upstream.nightly(site),
        *(upstream.released(component) for component in site.watched),
        *(buttons.build(component) for component in site.components),
        *(buttons.watch(component) for component in site.watched),
        *(follow.scheduler(c, e) for c, e in places if e.promotes_from is None),
        *(buttons.promote(c, e) for c, e in places if e.promotes_from is not None),
        *(buttons.roll_back(c, e) for c, e in places),
        *(buttons.release_hold(c, e) for c, e in places),
    ]
