"""A green build is deployed to the environments that take every one."""

from buildbot.schedulers.triggerable import Triggerable

from model.component import Component
from model.environment import Environment


def name(component: Component, environment: Environment) -> str:
    return f"{environment.builder(component)}-follow"


def scheduler(component: Component, environment: Environment) -> Triggerable:
    return Triggerable(name(component, environment), [environment.builder(component)])
