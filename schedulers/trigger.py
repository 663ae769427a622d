"""A build starts another one: a green build a deployment, a move of the whole site one of its own.

Buildbot's trigger starts all builders that it has, and may be told them by a property. Ours is
`buildername`, which every build has: the build that is started gets the value that it has anyway.
"""

from buildbot.process.properties import Property
from buildbot.schedulers.triggerable import Triggerable

from model.component import Component
from model.environment import Environment


def name(environment: Environment) -> str:
    return f"deploy-{environment.name}"


def scheduler(environment: Environment) -> Triggerable:
    return Triggerable(name(environment), [Property("buildername")])


def properties(component: Component, environment: Environment) -> dict[str, str]:
    """What the trigger has to set, so that one component's deployment starts."""
    return {"buildername": environment.builder(component)}
