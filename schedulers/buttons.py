"""The buttons that releasers press: build, promote, roll back, hold, freeze."""

from collections.abc import Iterable, Sequence

from buildbot.schedulers.forcesched import (
    CodebaseParameter,
    FixedParameter,
    IntParameter,
    StringParameter,
)

from model.environment import Environment
from model.retention import RETENTION_BUILDER
from model.site import Site
from releases.buttons import BUILD, REMOVE, TRY_UPSTREAM, actions, name
from releases.history import Action
from releases.site_wide import SiteAction
from schedulers.force import ForceOne

DIGEST = r"^[0-9a-f]{0,64}$"
INSTANCE = r"^[0-9a-f]{0,64}(-[0-9]{1,9})?$"
SHOWN = r"^([a-z][a-z0-9-]*=[0-9a-f]{12,64}(,(?=[a-z])|$))*$"


def buttons(site: Site) -> list[ForceOne]:
    """Every button; each has all builders that it may start."""
    return [
        button(BUILD, "Build now", [component.builder for component in site.components]),
        *try_upstream(site),
        button(REMOVE, "Remove what is not kept", [RETENTION_BUILDER]),
        *(
            in_environment(site, environment, action)
            for environment in site.environments
            for action in actions(site, environment)
        ),
    ]


def try_upstream(site: Site) -> list[ForceOne]:
    """None for a site that pins nothing."""
    builders = [component.trial_builder for component in site.trial_components]
    return [button(TRY_UPSTREAM, "Try upstream now", builders)] if builders else []


def in_environment(site: Site, environment: Environment, action: Action | SiteAction) -> ForceOne:
    builders = [environment.builder(component) for component in site.components]
    if isinstance(action, SiteAction):
        builders = [environment.site_builder]
    fixed = FixedParameter(name="action", default=action.value)
    fields = asked_for(action, environment)
    return button(name(action, environment), text(action, environment), builders, [fixed, *fields])


def text(action: Action | SiteAction, environment: Environment) -> str:
    """What stands on the button."""
    texts: dict[Action | SiteAction, str] = {
        Action.PROMOTE: f"Promote to {environment.name}",
        Action.APPROVE: f"Approve for {environment.name}",
        Action.ROLL_BACK: f"Roll back {environment.name}",
        Action.HOLD: f"Hold {environment.name}",
        Action.LIFT_HOLD: "Lift hold",
        Action.CONFIGURE: f"Configure {environment.name} again",
        SiteAction.PROMOTE_ALL: f"Promote everything to {environment.name}",
        SiteAction.REVERT: "Revert the last promotion of everything",
        SiteAction.FREEZE: f"Freeze {environment.name}",
        SiteAction.THAW: "End the freeze",
    }
    return texts[action]


def asked_for(action: Action | SiteAction, environment: Environment) -> Iterable[StringParameter]:
    """The fields of the form beside the reason, which every one has."""
    verified = f"Digest that {environment.promotes_from} verified; empty: the one it runs now"
    lived = (
        "Digest of a release that was live here, or <digest>-<number> for one of its "
        "configurations; empty: the last release before"
    )
    shown = "What you looked at (blog=<digest>,docs=<digest>); empty: all that waits now"
    number = "Number of the build that promoted everything; empty: the last one"
    match action:
        case Action.PROMOTE:
            return wanted(verified, 64, DIGEST), freeze_override()
        case Action.APPROVE:
            return (wanted(verified, 64, DIGEST),)
        case Action.ROLL_BACK:
            return (wanted(lived, 64, INSTANCE),)
        case SiteAction.PROMOTE_ALL:
            return wanted(shown, 60, SHOWN), freeze_override()
        case SiteAction.REVERT:
            return (wanted(number, 10, r"^\d*$"),)
    return ()


def wanted(label: str, size: int, regex: str) -> StringParameter:
    return StringParameter(name="wanted", label=label, default="", size=size, regex=regex)


def freeze_override() -> StringParameter:
    label = "In a freeze only: why this cannot wait"
    return StringParameter(name="freeze_override", label=label, default="", size=60)


def button(
    name: str,
    text: str,
    builders: Sequence[str],
    properties: Sequence[FixedParameter | StringParameter] = (),
) -> ForceOne:
    """A button on its builders' pages, which asks for a reason."""
    return ForceOne(
        name=name,
        builderNames=list(builders),
        buttonName=text,
        label=text,
        reason=StringParameter(name="reason", label="Why", default="", required=True, size=60),
        priority=IntParameter(name="priority", default=0, hide=True),
        codebases=[CodebaseParameter(codebase="", hide=True)],
        properties=list(properties),
    )
