"""The rules for all components of an environment at once: freezes, promotions of everything."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

from model.environment import Environment
from model.reading import Model, Name
from model.site import Site
from releases.history import Action, History
from releases.ledger import Build
from releases.rules import Freeze, RequestRefused, require_source, short

SITE_FILE = "site.toml"
"""The owner of a freeze that is a window in this file."""

Histories = dict[str, dict[str, History]]
"""By component, then by environment."""


class SiteAction(StrEnum):
    """Why a build of `site-<environment>` runs."""

    PROMOTE_ALL = "promote-all"
    REVERT = "revert"
    FREEZE = "freeze"
    THAW = "thaw"


class Move(Model):
    """One component and the release that is deployed."""

    component: Name
    action: Action
    before: str
    """The digest that is live now; empty for none."""
    digest: str

    @property
    def verb(self) -> str:
        return "promote" if self.action is Action.PROMOTE else "revert"


def active_freeze(
    site: Site, environment: Environment, newest_first: Collection[Build], now: datetime
) -> Freeze | None:
    """The freeze of an environment: one that a releaser began, or a window of `site.toml`."""
    if build := freeze_build(newest_first):
        return Freeze(reason=build.reason, owner=build.owner)
    for window in site.freeze_windows(environment):
        if until := window.until(now):
            return Freeze(reason=window.reason, owner=SITE_FILE, until=until)
    return None


def freeze_build(newest_first: Collection[Build]) -> Build | None:
    """The build that began a freeze, unless another one has ended it since."""
    actions = (SiteAction.FREEZE, SiteAction.THAW)
    builds = (b for b in newest_first if b.properties.get("action") in actions and b.succeeded)
    last = next(builds, None)
    return last if last and last.properties["action"] == SiteAction.FREEZE else None


def refuse_needless_switch(action: SiteAction, freeze: Freeze | None) -> None:
    """Raise RequestRefused when there is nothing to freeze or no freeze to end."""
    if action is SiteAction.FREEZE and freeze and freeze.owner != SITE_FILE:
        raise RequestRefused(f"already {freeze}")
    if action is SiteAction.THAW and freeze is None:
        raise RequestRefused("nothing is frozen")
    if action is SiteAction.THAW and freeze and freeze.owner == SITE_FILE:
        raise RequestRefused(f"{freeze}: end that window in {SITE_FILE}, or wait for its end")


def waiting_digest(history: History, source: History) -> str | None:
    """The digest that waits to be promoted from the source; None when none does."""
    verified = source.live.digest if source.live else None
    is_new = not history.live or history.live.digest != verified
    return verified if verified and is_new else None


def moves_to_promote(
    site: Site, environment: Environment, histories: Histories, wanted: str = ""
) -> tuple[Move, ...]:
    """The promotions of everything that waits, in the site's order.

    `wanted` is what the releaser saw, as `blog=<digest>,docs=<digest>`: nothing else is promoted.
    Raises RequestRefused when that does not wait any more, or nothing does. Each promotion is still
    judged by its own rules.
    """
    source = require_source(environment)
    moves = tuple(
        Move(component=component.name, action=Action.PROMOTE, before=before, digest=digest)
        for component in site.ordered
        for history in [histories[component.name][environment.name]]
        for before in [live_digest(history)]
        if (digest := waiting_digest(history, histories[component.name][source]))
    )
    if wanted:
        moves = only_wanted(moves, dict(pair.split("=") for pair in wanted.split(",")), source)
    if not moves:
        raise RequestRefused(f"{environment.name} has everything that {source} verified")
    return moves


def only_wanted(moves: tuple[Move, ...], wanted: dict[str, str], source: str) -> tuple[Move, ...]:
    """The moves of these components; raises RequestRefused when one has another release by now."""
    selected = tuple(move for move in moves if move.component in wanted)
    for move in selected:
        if not move.digest.startswith(wanted[move.component]):
            raise RequestRefused(
                f"{source} verified {move.component} {short(move.digest)} since you looked, "
                f"not {short(wanted[move.component])}: look again"
            )
    return selected


class BulkPromotion(Model):
    """A promotion of everything, which is over and deployed at least one component."""

    attempts: tuple[Build, ...]
    """The builds of one request, newest first: Buildbot repeats one that lost its worker."""

    @property
    def last(self) -> Build:
        return self.attempts[0]

    @property
    def moved(self) -> dict[str, tuple[str, str]]:
        """By component, in order: the digests before any attempt and after all of them."""
        result: dict[str, tuple[str, str]] = {}
        for build in reversed(self.attempts):
            for component, (before, after) in (build.properties.get("moved") or {}).items():
                first, _ = result.get(component, (before, after))
                result[component] = first, after
        return result


def bulk_promotions(newest_first: Collection[Build]) -> list[BulkPromotion]:
    """The promotions of everything that are over and deployed something, newest first."""
    requests: dict[int, list[Build]] = {}
    for build in newest_first:
        if build.properties.get("action") == SiteAction.PROMOTE_ALL:
            requests.setdefault(build.request, []).append(build)
    promotions = (BulkPromotion(attempts=tuple(builds)) for builds in requests.values())
    return [p for p in promotions if p.last.finished and p.moved]


def interrupted_bulk_promotion(
    newest_first: Collection[Build], live: Collection[str | None]
) -> Build | None:
    """The last promotion of everything, if it was interrupted and has not been reverted.

    `live` are the digests that are live in this environment now.
    """
    promotion = next(iter(bulk_promotions(newest_first)), None)
    if promotion is None or promotion.last.succeeded:
        return None
    is_live = any(after in live for before, after in promotion.moved.values() if before)
    return promotion.last if is_live else None


def moves_to_revert(
    wanted: str, newest_first: Collection[Build], histories: Histories, environment: str
) -> tuple[Move, ...]:
    """The rollbacks of what a promotion of everything deployed, the last one first.

    `wanted` is that build's number, or empty for the last one. Raises RequestRefused when it
    deployed nothing, or a component was deployed again since.
    """
    promotions = {
        str(build.number): promotion
        for promotion in bulk_promotions(newest_first)
        for build in promotion.attempts
    }
    number = wanted or next(iter(promotions), "")
    if number not in promotions:
        name = f" {wanted}" if wanted else ""
        raise RequestRefused(f"no promotion of everything{name} moved anything")
    moves = []
    for component, (before, after) in reversed(promotions[number].moved.items()):
        live = live_digest(histories[component][environment])
        if live and live == before:
            continue  # an interrupted revert has rolled this one back already
        if live != after:
            raise RequestRefused(f"{component} was deployed again since: roll it back by itself")
        if before:
            move = Move(component=component, action=Action.ROLL_BACK, before=after, digest=before)
            moves.append(move)
    if not moves:
        raise RequestRefused("there is nothing left to revert, or no release to return to")
    return tuple(moves)


def moves_left(plan: Collection[Move], histories: Histories, environment: str) -> tuple[Move, ...]:
    """What is left of an interrupted build's plan.

    Raises RequestRefused when a component was deployed by another build since.
    """
    left = []
    for move in plan:
        live = live_digest(histories[move.component][environment])
        if live not in (move.before, move.digest):
            raise RequestRefused(
                f"{move.component} was deployed again since this began; the rest is not tried"
            )
        if live != move.digest:
            left.append(move)
    return tuple(left)


def live_digest(history: History) -> str:
    """The digest that is live; empty for none."""
    return (history.live.digest if history.live else None) or ""
