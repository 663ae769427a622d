"""Every scheduler of a site."""

from buildbot.util.service import ClusteredBuildbotService

from model.site import Site
from schedulers import buttons, described, follow, merge, together, trial


def schedulers(site: Site) -> list[ClusteredBuildbotService]:
    places = [(c, environment) for c in site.components for environment in site.environments]
    promoted = [(c, environment) for c, environment in places if environment.promotes_from]
    above = [environment for environment in site.environments if environment.promotes_from]
    return [
        described.scheduler(site),
        *(merge.scheduler(component) for component in site.components),
        *trial.nightly(site),
        *(trial.released(component) for component in site.trial_components),
        *(buttons.build(component) for component in site.components),
        *(buttons.watch(component) for component in site.trial_components),
        *(follow.scheduler(c, e) for c, e in places if e.promotes_from is None),
        *(together.scheduler(c, e) for c, e in promoted),
        *(buttons.promote(c, e) for c, e in promoted),
        *(buttons.approve(c, e) for c, e in promoted if e.name in site.two_person),
        *(buttons.roll_back(c, e) for c, e in places),
        *(buttons.hold(c, e) for c, e in places),
        *(buttons.release_hold(c, e) for c, e in places),
        *(
            press(environment)
            for environment in above
            for press in (buttons.promote_all, buttons.return_all, buttons.freeze, buttons.thaw)
        ),
    ]
