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
from releases.rules import Action
from releases.site_wide import SiteAction

DIGEST = r"^[0-9a-f]{0,64}$"
SHOWN = r"^([a-z][a-z0-9-]*=[0-9a-f]{12,64}(,(?=[a-z])|$))*$"


def build(component: Component) -> ForceScheduler:
    return button(component.builder, "build", "Build now", [])


def watch(component: Component) -> ForceScheduler:
    return button(component.trial_builder, "try", "Try upstream now", [])


def promote(component: Component, environment: Environment) -> ForceScheduler:
    label = f"Digest that {environment.promotes_from} verified; empty: the one it runs now"
    text = f"Promote to {environment.name}"
    return about(component, environment, Action.PROMOTE, text, wanted(label), despite())


def approve(component: Component, environment: Environment) -> ForceScheduler:
    label = f"Digest that {environment.promotes_from} verified; empty: the one it runs now"
    text = f"Approve for {environment.name}"
    return about(component, environment, Action.APPROVE, text, wanted(label))


def roll_back(component: Component, environment: Environment) -> ForceScheduler:
    label = "Digest of a release that was live here; empty: the last one before"
    text = f"Roll back {environment.name}"
    return about(component, environment, Action.ROLL_BACK, text, wanted(label))


def hold(component: Component, environment: Environment) -> ForceScheduler:
    return about(component, environment, Action.HOLD, f"Hold {environment.name}")


def release_hold(component: Component, environment: Environment) -> ForceScheduler:
    return about(component, environment, Action.RELEASE_HOLD, "Release hold")


def about(
    component: Component,
    environment: Environment,
    action: Action,
    text: str,
    *more: StringParameter,
) -> ForceScheduler:
    """A button that concerns the release of one component in one environment."""
    return button(environment.builder(component), action, text, [fixed(action), *more])


def promote_all(environment: Environment) -> ForceScheduler:
    text = f"Promote everything to {environment.name}"
    label = "What you looked at (blog=<digest>,docs=<digest>); empty: all that waits now"
    shown = StringParameter(name="wanted", label=label, default="", size=60, regex=SHOWN)
    return site_wide(environment, SiteAction.PROMOTE_ALL, text, shown, despite())


def return_all(environment: Environment) -> ForceScheduler:
    label = "Number of the build that promoted everything; empty: the last one"
    number = StringParameter(name="wanted", label=label, default="", size=10, regex=r"^\d*$")
    return site_wide(environment, SiteAction.RETURN, "Return what it moved", number)


def freeze(environment: Environment) -> ForceScheduler:
    return site_wide(environment, SiteAction.FREEZE, f"Freeze {environment.name}")


def thaw(environment: Environment) -> ForceScheduler:
    return site_wide(environment, SiteAction.THAW, "End the freeze")


def site_wide(
    environment: Environment, action: SiteAction, text: str, *more: StringParameter
) -> ForceScheduler:
    """A button that concerns all components in one environment."""
    return button(environment.site_builder, action, text, [fixed(action), *more])


def fixed(action: Action | SiteAction) -> FixedParameter:
    return FixedParameter(name="action", default=action.value)


def wanted(label: str) -> StringParameter:
    return StringParameter(name="wanted", label=label, default="", size=64, regex=DIGEST)


def despite() -> StringParameter:
    label = "In a freeze only: why this cannot wait"
    return StringParameter(name="despite", label=label, default="", size=60)


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
