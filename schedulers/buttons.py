"""The buttons that releasers press: build, promote, roll back, release a hold."""

from buildbot.schedulers.forcesched import (
    CodebaseParameter,
    FixedParameter,
    ForceScheduler,
    IntParameter,
    StringParameter,
)

from model.component import Component
from model.environment import Environment
from releases.history import Action

DIGEST = r"^[0-9a-f]{0,64}$"


def build(component: Component) -> ForceScheduler:
    return button(component.builder, "build", "Build now", [])


def watch(component: Component) -> ForceScheduler:
    return button(component.watcher, "try", "Try upstream now", [])


def promote(component: Component, environment: Environment) -> ForceScheduler:
    source = environment.promotes_from
    label = f"Digest that {source} verified; empty: the one it runs now"
    return moving(component, environment, Action.PROMOTE, f"Promote to {environment.name}", label)


def roll_back(component: Component, environment: Environment) -> ForceScheduler:
    label = "Digest of a release that was live here; empty: the last one before"
    return moving(component, environment, Action.ROLL_BACK, f"Roll back {environment.name}", label)


def release_hold(component: Component, environment: Environment) -> ForceScheduler:
    return button(
        environment.builder(component), Action.RELEASE_HOLD.value, "Release hold",
        [FixedParameter(name="action", default=Action.RELEASE_HOLD.value)],
    )  # fmt: skip


def moving(
    component: Component, environment: Environment, action: Action, text: str, label: str
) -> ForceScheduler:
    """A button that makes another release live."""
    return button(
        environment.builder(component), action.value, text,
        [
            FixedParameter(name="action", default=action.value),
            StringParameter(name="wanted", label=label, default="", size=64, regex=DIGEST),
        ],
    )  # fmt: skip


def button(
    builder: str, name: str, text: str, properties: list[FixedParameter | StringParameter]
) -> ForceScheduler:
    """A button on one builder's page, which asks for a reason."""
    return ForceScheduler(
        name=f"{builder}-{name}",
        builderNames=[builder],
        buttonName=text,
        label=text,
        reason=StringParameter(name="reason", label="Why", default="", required=True, size=60),
        priority=IntParameter(name="priority", default=0, hide=True),
        codebases=[CodebaseParameter(codebase="", hide=True)],
        properties=properties,
    )
