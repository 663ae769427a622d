"""What happened to one component in one environment, and what may happen next: pure rules."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from itertools import takewhile

from model.environment import Environment
from model.reading import Model
from model.release import SHORT, Digest


class Action(StrEnum):
    """Why a build of `<component>-<environment>` runs."""

    DEPLOY = "deploy"
    PROMOTE = "promote"
    ROLL_BACK = "roll-back"
    HOLD = "hold"
    LIFT_HOLD = "lift-hold"
    APPROVE = "approve"


FORMER = {"release-hold": Action.LIFT_HOLD.value, "return": "revert"}
"""Names of actions that Buildbot's database holds from before they were changed."""

NOTED = (Action.HOLD, Action.APPROVE)
"""What is written down about a release and moves nothing."""


class Entry(Model):
    """One finished build of `<component>-<environment>`, as the Buildbot database keeps it."""

    build: int
    action: Action
    digest: Digest | None
    """The release that it was about."""
    made_live: bool
    """Whether this build ended with `digest` live and proved."""
    owner: str
    reason: str
    finished: datetime

    @property
    def rolled_back(self) -> bool:
        return self.action is Action.ROLL_BACK


class DeploymentRequest(Model):
    """What somebody, or a green build, wants."""

    action: Action
    digest: str = ""
    """A digest or its beginning; empty: whatever the rules offer."""
    owner: str | None = None
    """Who pressed; absent when a green build asks."""
    freeze_override: str = ""
    """Why a freeze does not stop this promotion."""


class Freeze(Model):
    """Nothing is promoted for the time being."""

    reason: str
    owner: str
    """Who froze; `site.toml` for a window that stands there."""
    until: datetime | None = None
    """When it ends by itself; somebody must end it when absent."""

    def __str__(self) -> str:
        end = f" until {self.until:%Y-%m-%d %H:%M} UTC" if self.until else ""
        return f"frozen{end} by {self.owner}: {self.reason}"


class RequestRefused(ValueError):
    """A rule stands against it; the sentence says which."""


class ComponentHeld(ValueError):
    """Nothing to do while the component is on hold."""


class History(Model):
    """The entries of one component in one environment, newest first."""

    entries: tuple[Entry, ...] = ()

    @property
    def lived(self) -> tuple[Entry, ...]:
        """The entries that made a release live, newest first."""
        return tuple(entry for entry in self.entries if entry.made_live)

    @property
    def live(self) -> Entry | None:
        return next(iter(self.lived), None)

    @property
    def hold(self) -> Entry | None:
        """What holds the component here, until lifted or followed by a promotion."""
        telling = (Action.HOLD, Action.LIFT_HOLD)
        last = next((e for e in self.entries if e.made_live or e.action in telling), None)
        return last if last and last.action in (Action.ROLL_BACK, Action.HOLD) else None

    @property
    def arrival(self) -> Entry | None:
        """The entry that brought here what is live; later ones found it live already."""
        now = self.live.digest if self.live else None
        same = takewhile(lambda entry: entry.digest == now, self.lived)
        return next(reversed(tuple(same)), None)

    def approvals(self, digest: str, since: datetime) -> tuple[Entry, ...]:
        """Who approved a release for this place, not before it was verified for the last time."""
        return tuple(
            entry
            for entry in self.entries
            if entry.action is Action.APPROVE and entry.digest == digest and entry.finished >= since
        )

    def find(self, beginning: str) -> str | None:
        """The digest of a release that was live here and is not now.

        For '', the one that was live before what is live now came: after a rollback, one more
        goes further back, never forward to what was rolled back from.
        """
        now = self.live.digest if self.live else None
        entries = self.lived if beginning else self.before(now)
        digests = (entry.digest for entry in entries if entry.digest != now)
        return next((digest for digest in digests if digest and digest.startswith(beginning)), None)

    def before(self, digest: str | None) -> tuple[Entry, ...]:
        """The entries older than the one that brought a digest here, newest first."""
        came = [n for n, e in enumerate(self.lived) if e.digest == digest and not e.rolled_back]
        return self.lived[came[0] + 1 :] if came else self.lived


def current(action: str | None) -> str | None:
    """An action's name today, whatever it was called when it was recorded."""
    return FORMER.get(str(action), action) if action else None


def short(digest: str) -> str:
    return digest[:SHORT]


def choose(
    asked: DeploymentRequest,
    environment: Environment,
    here: History,
    before: History,
    newest: str | None,
    may_release: Callable[[str], bool],
    freeze: Freeze | None = None,
    two_person: bool = False,
) -> str | None:
    """The digest that shall be live in `environment`; None when only a hold ends.

    Of what is only noted, the digest that it is about. `before` is the history where releases come
    from on their way here, `newest` the digest of the last green build. Raises RequestRefused, or
    ComponentHeld when a green build must wait.
    """
    if asked.action is not Action.DEPLOY and not (asked.owner and may_release(asked.owner)):
        raise RequestRefused(f"{asked.owner or 'nobody'} is not a releaser")
    match asked.action:
        case Action.DEPLOY:
            return to_deploy(asked, environment, here, newest)
        case Action.PROMOTE:
            digest = to_promote(asked, environment, here, before)
            refuse_frozen(asked, environment, freeze)
            if two_person:
                refuse_alone(asked, environment, here, before, digest, may_release)
            return digest
        case Action.ROLL_BACK:
            return to_roll_back(asked, environment, here)
        case Action.HOLD:
            return to_hold(environment, here)
        case Action.LIFT_HOLD:
            return after_hold(environment, here, newest)
        case Action.APPROVE:
            return verified(asked, environment, before)


def to_deploy(
    asked: DeploymentRequest, environment: Environment, here: History, newest: str | None
) -> str:
    if environment.promotes_from:
        raise RequestRefused(
            f"{environment.name} takes only what {environment.promotes_from} verified"
        )
    if newest is None:
        raise RequestRefused("no green build yet")
    if here.hold:
        raise ComponentHeld(held(here.hold))
    if not newest.startswith(asked.digest):
        raise ComponentHeld(f"{short(asked.digest)} was followed by {short(newest)}")
    return newest


def to_promote(
    asked: DeploymentRequest, environment: Environment, here: History, before: History
) -> str:
    digest = verified(asked, environment, before)
    if here.hold and here.hold.action is Action.HOLD:
        raise RequestRefused(f"{held(here.hold)}; lift the hold first")
    if here.hold and any(entry.digest == digest for entry in here.lived):
        raise RequestRefused(
            f"{held(here.hold)}; {short(digest)} ran here before: promote a newer one"
        )
    return digest


def verified(asked: DeploymentRequest, environment: Environment, before: History) -> str:
    """What may come here at all: the release that runs where this environment takes them from."""
    source = environment.promotes_from
    if source is None:
        raise RequestRefused(
            f"{environment.name} takes every green build: nothing is promoted to it"
        )
    if before.live is None or before.live.digest is None:
        raise RequestRefused(f"{source} has verified nothing yet")
    digest = before.live.digest
    if not digest.startswith(asked.digest):
        last = f"{before.live.finished:%Y-%m-%d %H:%M} UTC by {before.live.owner}"
        raise RequestRefused(
            f"{source} verified {short(digest)} ({last}), not {short(asked.digest)}"
        )
    return digest


def refuse_frozen(
    asked: DeploymentRequest, environment: Environment, freeze: Freeze | None
) -> None:
    if freeze and not asked.freeze_override:
        raise RequestRefused(f"{environment.name} is {freeze}; say why it cannot wait, or wait")


def refuse_alone(
    asked: DeploymentRequest,
    environment: Environment,
    here: History,
    before: History,
    digest: str,
    may_release: Callable[[str], bool],
) -> None:
    """Refuse when no other releaser than who asks has approved just this release."""
    since = before.arrival.finished if before.arrival else datetime.min.replace(tzinfo=UTC)
    approved = {e.owner for e in here.approvals(digest, since)} - {asked.owner}
    if not any(map(may_release, approved)):
        raise RequestRefused(
            f"{environment.name} requires an approval: another releaser than {asked.owner} "
            f"must approve {short(digest)}"
        )


def to_roll_back(asked: DeploymentRequest, environment: Environment, here: History) -> str:
    digest = here.find(asked.digest)
    if digest is None:
        wanted = short(asked.digest) or "an earlier release"
        raise RequestRefused(f"{wanted} was never live in {environment.name}, or it is live now")
    return digest


def to_hold(environment: Environment, here: History) -> str:
    if here.live is None or here.live.digest is None:
        raise RequestRefused(f"nothing is live in {environment.name}")
    if here.hold:
        raise RequestRefused(held(here.hold))
    return here.live.digest


def after_hold(environment: Environment, here: History, newest: str | None) -> str | None:
    if here.hold is None:
        raise RequestRefused(f"no hold in {environment.name}")
    return None if environment.promotes_from else newest


def held(hold: Entry) -> str:
    """A hold in words."""
    return f"on hold since {hold.finished:%Y-%m-%d %H:%M} UTC by {hold.owner}: {hold.reason}"
