"""Every scheduler of a site: one for each reason why a build starts, and environment."""

from buildbot.util.service import ClusteredBuildbotService

from model.site import Site
from schedulers import described, merge, retention, trial, trigger
from schedulers.buttons import buttons


def schedulers(site: Site) -> list[ClusteredBuildbotService]:
    return [
        described.scheduler(site),
        merge.scheduler(site),
        *trial.schedulers(site),
        retention.scheduler(),
        *(trigger.scheduler(environment) for environment in site.environments),
        *buttons(site),
    ]
