"""Workers on the master's own machine; each but one is a process of its own."""

from buildbot.process.properties import Secret
from buildbot.worker.base import Worker
from buildbot.worker.local import LocalWorker

from model.environment import Environment

MASTER = "on-master"
"""The worker inside the master's own process, for builds of which every step runs there."""


def master() -> LocalWorker:
    return LocalWorker(MASTER)


def build() -> Worker:
    return Worker("build-1", Secret("worker-build"), max_builds=2)


def review() -> Worker:
    return Worker("review-1", Secret("worker-review"), max_builds=1)


def deploy(environment: Environment) -> Worker:
    return Worker(environment.worker, Secret(f"worker-{environment.name}"))
