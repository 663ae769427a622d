"""A promotion of everything, or its return, moves one component after the other."""

from buildbot.schedulers.triggerable import Triggerable

from model.component import Component
from model.environment import Environment


def name(component: Component, environment: Environment) -> str:
    return f"{environment.builder(component)}-all"


def scheduler(component: Component, environment: Environment) -> Triggerable:
    return Triggerable(name(component, environment), [environment.builder(component)])
