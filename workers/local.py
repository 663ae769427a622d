"""Workers on the master's own machine; each is a process of its own."""

from buildbot.process.properties import Secret
from buildbot.worker.base import Worker

from model.environment import Environment


def build() -> Worker:
    return Worker("build-1", Secret("worker-build"), max_builds=2)


def review() -> Worker:
    return Worker("review-1", Secret("worker-review"), max_builds=1)


def deploy(environment: Environment) -> Worker:
    return Worker(environment.worker, Secret(f"worker-{environment.name}"))
