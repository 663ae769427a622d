"""Which release may be deployed to an environment, and why not: pure functions.

`choose` decides for one component; `releases.site_wide` for all components at once.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from model.environment import Environment
from model.reading import Model
from model.release import SHORT
from releases.history import Action, Entry, History


class DeploymentRequest(Model):
    """What a releaser, or a green build, asks for."""

    action: Action
    digest: str = ""
    """A digest or the beginning of one; empty: the one that the rules offer."""
    owner: str | None = None
    """Who pressed the button; absent for a green build."""
    freeze_override: str = ""
    """Why this promotion cannot wait for the end of a freeze."""


class Freeze(Model):
    """No promotions for the time being."""

    reason: str
    owner: str
    """Who began it; `site.toml` for a window in that file."""
    until: datetime | None = None
    """When it ends; None: when a releaser ends it."""

    def __str__(self) -> str:
        end = f" until {self.until:%Y-%m-%d %H:%M} UTC" if self.until else ""
        return f"frozen{end} by {self.owner}: {self.reason}"


class RequestRefused(ValueError):
    """A rule refuses the request; the text says which one."""


class ComponentHeld(ValueError):
    """A green build is not deployed, because the component is on hold."""


def short(digest: str) -> str:
    return digest[:SHORT]


def choose(
    request: DeploymentRequest,
    environment: Environment,
    history: History,
    source: History,
    newest: str | None,
    is_releaser: Callable[[str], bool],
    freeze: Freeze | None = None,
    two_person: bool = False,
) -> str | None:
    """The digest that shall be live in `environment`; None when only a hold is lifted.

    `history` is the component's history in this environment, `source` that in the environment
    which releases are promoted from, and `newest` the digest of the last green build. For an action
    that only notes something, the digest that the note is about.

    Raises RequestRefused, or ComponentHeld when a green build must wait.
    """
    if request.action is not Action.DEPLOY:
        require_releaser(request.owner, is_releaser)
    match request.action:
        case Action.DEPLOY:
            return digest_to_deploy(request, environment, history, newest)
        case Action.PROMOTE:
            digest = digest_to_promote(request, environment, history, source)
            refuse_frozen(request, environment, freeze)
            if two_person:
                require_approval(request, environment, history, source, digest, is_releaser)
            return digest
        case Action.ROLL_BACK:
            return digest_to_roll_back(request, environment, history)
        case Action.HOLD:
            return digest_to_hold(environment, history)
        case Action.LIFT_HOLD:
            return digest_after_hold(environment, history, newest)
        case Action.APPROVE:
            return verified_digest(request, environment, source)
        case Action.CONFIGURE:
            return live_digest(environment, history)


def require_releaser(owner: str | None, is_releaser: Callable[[str], bool]) -> str:
    """The owner; raises RequestRefused for everybody who is not a releaser."""
    if not owner or not is_releaser(owner):
        raise RequestRefused(f"{owner or 'nobody'} is not a releaser")
    return owner


def require_source(environment: Environment) -> str:
    """The environment which releases are promoted from; raises RequestRefused without one."""
    if environment.promotes_from is None:
        raise RequestRefused(
            f"{environment.name} takes every green build: nothing is promoted to it"
        )
    return environment.promotes_from


def digest_to_deploy(
    request: DeploymentRequest, environment: Environment, history: History, newest: str | None
) -> str:
    source = environment.promotes_from
    if source:
        raise RequestRefused(f"{environment.name} takes only what {source} verified")
    if newest is None:
        raise RequestRefused("no green build yet")
    if history.hold:
        raise ComponentHeld(hold_sentence(history.hold))
    if not newest.startswith(request.digest):
        raise ComponentHeld(f"{short(request.digest)} was followed by {short(newest)}")
    return newest


def digest_to_promote(
    request: DeploymentRequest, environment: Environment, history: History, source: History
) -> str:
    digest = verified_digest(request, environment, source)
    hold = history.hold
    if hold and hold.action is Action.HOLD:
        raise RequestRefused(f"{hold_sentence(hold)}; lift the hold first")
    if hold and any(entry.digest == digest for entry in history.live_entries):
        raise RequestRefused(
            f"{hold_sentence(hold)}; {short(digest)} ran here before: promote a newer one"
        )
    return digest


def verified_digest(request: DeploymentRequest, environment: Environment, source: History) -> str:
    """The release that is live in the environment which releases are promoted from."""
    name = require_source(environment)
    if source.live is None or source.live.digest is None:
        raise RequestRefused(f"{name} has verified nothing yet")
    digest = source.live.digest
    if not digest.startswith(request.digest):
        last = f"{source.live.finished:%Y-%m-%d %H:%M} UTC by {source.live.owner}"
        raise RequestRefused(
            f"{name} verified {short(digest)} ({last}), not {short(request.digest)}"
        )
    return digest


def refuse_frozen(
    request: DeploymentRequest, environment: Environment, freeze: Freeze | None
) -> None:
    if freeze and not request.freeze_override:
        raise RequestRefused(f"{environment.name} is {freeze}; say why it cannot wait, or wait")


def require_approval(
    request: DeploymentRequest,
    environment: Environment,
    history: History,
    source: History,
    digest: str,
    is_releaser: Callable[[str], bool],
) -> None:
    """Refuse unless a releaser other than the owner has approved exactly this release."""
    since = source.arrival.finished if source.arrival else datetime.min.replace(tzinfo=UTC)
    approvers = {entry.owner for entry in history.approvals(digest, since)} - {request.owner}
    if not any(map(is_releaser, approvers)):
        raise RequestRefused(
            f"{environment.name} requires an approval: another releaser than {request.owner} "
            f"must approve {short(digest)}"
        )


def digest_to_roll_back(
    request: DeploymentRequest, environment: Environment, history: History
) -> str:
    entry = history.find_earlier(request.digest)
    if entry is None or entry.digest is None:
        target = short(request.digest) or "an earlier release"
        raise RequestRefused(f"{target} was never live in {environment.name}, or it is live now")
    return entry.digest


def digest_to_hold(environment: Environment, history: History) -> str:
    digest = live_digest(environment, history)
    if history.hold:
        raise RequestRefused(hold_sentence(history.hold))
    return digest


def live_digest(environment: Environment, history: History) -> str:
    if history.live is None or history.live.digest is None:
        raise RequestRefused(f"nothing is live in {environment.name}")
    return history.live.digest


def digest_after_hold(environment: Environment, history: History, newest: str | None) -> str | None:
    """The newest release where green builds are deployed; elsewhere nothing is deployed."""
    if history.hold is None:
        raise RequestRefused(f"no hold in {environment.name}")
    return None if environment.promotes_from else newest


def hold_sentence(hold: Entry) -> str:
    return f"on hold since {hold.finished:%Y-%m-%d %H:%M} UTC by {hold.owner}: {hold.reason}"
