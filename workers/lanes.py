"""Which worker runs what: three lanes, never mixed on one worker.

*Review* runs code that nobody here has merged and is thrown away, *build* runs merged code and has
no deploy secret, *deploy* has the secrets of one environment and runs no component code. Each lane
is on the master's own machine unless an environment's file gives it machines of an OpenStack
project.
"""

from buildbot.util.service import BuildbotService
from buildbot.worker.base import AbstractWorker

from model.installation import Installation
from model.site import Site
from workers import local
from workers.latent import MachineWorker
from workers.sweeper import Sweeper
from workers.warm import WarmPool

BUILD, REVIEW, DEPLOY = "build", "review", "deploy"


def workers(site: Site) -> list[AbstractWorker]:
    """The workers of all lanes."""
    return [
        local.master(),
        *lane_workers(site, BUILD, local.build()),
        *lane_workers(site, REVIEW, local.review()),
        *(
            MachineWorker(environment.worker, environment, DEPLOY)
            if environment.openstack and environment.openstack.deploy
            else local.deploy(environment)
            for environment in site.environments
        ),
    ]


def lane_workers(site: Site, lane: str, fallback: AbstractWorker) -> list[AbstractWorker]:
    """A lane's workers in the environment that has machines for it, or the one on this machine."""
    environment = site.lane_environment(lane)
    if environment is None:
        return [fallback]
    return [MachineWorker(name, environment, lane) for name in names(site, lane)]


def build(site: Site) -> list[str]:
    """The names of the workers that build."""
    return names(site, BUILD)


def review(site: Site) -> list[str]:
    """The names of the workers that run unmerged code."""
    return names(site, REVIEW)


def names(site: Site, lane: str) -> list[str]:
    environment = site.lane_environment(lane)
    openstack = environment.openstack if environment else None
    count = openstack.lanes[lane].machines if openstack else 1
    return [f"{lane}-{number}" for number in range(1, count + 1)]


def services(site: Site, installation: Installation) -> list[BuildbotService]:
    """The services that boot and delete the machines of workers."""
    environments = tuple(environment for environment in site.environments if environment.openstack)
    return [
        Sweeper(
            environments,
            installation.clouds,
            installation.machine_gitconfig,
            installation.worker_certificate,
        ),
        WarmPool(),
    ]
