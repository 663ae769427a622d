"""Workers on the master's own machine, one per lane; each is a process of its own."""

from buildbot.process.properties import Secret
from buildbot.worker.base import Worker

from model.site import Site

BUILD = "build-1"
"""Builds merged code and has no deploy secret."""

REVIEW = "review-1"
"""Runs code that nobody here has merged, such as upstream's main branch; none of it is deployed."""


def workers(site: Site) -> list[Worker]:
    """One worker for each lane, and one per environment that deploys and runs no component code."""
    deploying = [
        Worker(environment.worker, Secret(f"worker-{environment.name}"))
        for environment in site.environments
    ]
    return [
        Worker(BUILD, Secret("worker-build"), max_builds=2),
        Worker(REVIEW, Secret("worker-review"), max_builds=1),
        *deploying,
    ]
