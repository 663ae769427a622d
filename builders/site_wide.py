"""What concerns the whole site in one environment: promote all of it, revert that, freeze it."""

from buildbot.config.builder import BuilderConfig
from buildbot.process.factory import BuildFactory

from builders.choice import ready_first
from builders.tree import skipped
from model.environment import Environment
from model.site import Site
from schedulers import trigger
from steps.moves import ChooseMoves, ReportMoves, moves


def builders(site: Site) -> list[BuilderConfig]:
    """One for each environment to which releases are promoted."""
    return [
        builder(site, environment) for environment in site.environments if environment.promotes_from
    ]


def builder(site: Site, environment: Environment) -> BuilderConfig:
    return BuilderConfig(
        name=environment.site_builder,
        description=f"{site.title} in {environment.name}: all components, one after the other",
        workernames=[environment.worker],
        nextWorker=ready_first,
        tags=[environment.name],
        factory=BuildFactory(
            [
                ChooseMoves(site, environment, trigger.name(environment), trigger.properties),
                ReportMoves(doStepIf=moves, hideStepIf=skipped),
            ]
        ),
        # Without a lock: a freeze does not wait for what it is to stop.
        collapseRequests=False,
    )
