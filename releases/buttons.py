"""The buttons: which actions each environment offers, and the force schedulers that start them."""

from model.environment import Environment
from model.site import Site
from releases.history import Action
from releases.site_wide import SiteAction

BUILD = "build"
"""Starts the build of one component."""
TRY_UPSTREAM = "try-upstream"
"""Tries one component's changes on what its upstream offers."""

REMOVE = "remove-artifacts"
"""Removes what is not kept, without waiting for the night."""


def actions(site: Site, environment: Environment) -> tuple[Action | SiteAction, ...]:
    """What releasers may start in an environment."""
    offered: list[Action | SiteAction] = [
        Action.ROLL_BACK,
        Action.HOLD,
        Action.LIFT_HOLD,
        Action.CONFIGURE,
    ]
    if environment.promotes_from:
        offered += [Action.PROMOTE, *SiteAction]
    if environment.name in site.two_person:
        offered.append(Action.APPROVE)
    return tuple(offered)


def name(action: Action | SiteAction, environment: Environment) -> str:
    """The name of the force scheduler for an action in an environment."""
    return f"{action}-{environment.name}"
