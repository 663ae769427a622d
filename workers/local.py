"""Workers on the master's own machine, one per lane; each is a process of its own."""

from buildbot.process.properties import Secret
from buildbot.worker.base import Worker

from model.site import Site

BUILD = "build-1"
"""Builds merged code and has no deploy secret."""


def workers(site: Site) -> list[Worker]:
    """One worker that builds, and one per environment that deploys and runs no component code."""
    deploying = [
        Worker(environment.worker, Secret(f"worker-{environment.name}"))
        for environment in site.environments
    ]
    return [Worker(BUILD, Secret("worker-build"), max_builds=2), *deploying]
