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
from workers.sweeper import Machines
from workers.warm import WarmPool

BUILD, REVIEW, DEPLOY = "build", "review", "deploy"


def workers(site: Site) -> list[AbstractWorker]:
    """The workers of all lanes."""
    return [
        *on_machines(site, BUILD, local.build()),
        *on_machines(site, REVIEW, local.review()),
        *(
            MachineWorker(place.worker, place, DEPLOY)
            if place.openstack and place.openstack.deploy
            else local.deploy(place)
            for place in site.environments
        ),
    ]


def on_machines(site: Site, lane: str, here: AbstractWorker) -> list[AbstractWorker]:
    """A lane's workers in the environment that has machines for it, or the one that is here."""
    place = site.home(lane)
    if place is None:
        return [here]
    return [MachineWorker(name, place, lane) for name in names(site, lane)]


def build(site: Site) -> list[str]:
    """The names of the workers that build."""
    return names(site, BUILD)


def review(site: Site) -> list[str]:
    """The names of the workers that run what nobody here has merged."""
    return names(site, REVIEW)


def names(site: Site, lane: str) -> list[str]:
    place = site.home(lane)
    count = place.openstack.lanes[lane].machines if place and place.openstack else 1
    return [f"{lane}-{number}" for number in range(1, count + 1)]


def services(site: Site, installation: Installation) -> list[BuildbotService]:
    """What stands behind the workers that have no machine of their own."""
    places = tuple(environment for environment in site.environments if environment.openstack)
    return [
        Machines(
            places,
            installation.clouds,
            installation.machine_gitconfig,
            installation.worker_certificate,
        ),
        WarmPool(),
    ]
