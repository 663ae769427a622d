"""What concerns all components of one environment: freezes, and moving the whole site."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

from model.environment import Environment
from model.reading import Model, Name
from model.site import Site
from releases.ledger import Build
from releases.rules import Action, Freeze, History, RequestRefused, short

BY_THE_FILE = "site.toml"


class SiteAction(StrEnum):
    """Why a build of `site-<environment>` runs."""

    PROMOTE_ALL = "promote-all"
    REVERT = "revert"
    FREEZE = "freeze"
    THAW = "thaw"


class Move(Model):
    """One component and the release that it goes to."""

    component: Name
    action: Action
    before: str
    """The digest that is live now; empty when none is."""
    digest: str

    @property
    def verb(self) -> str:
        return "promote" if self.action is Action.PROMOTE else "revert"


def frozen(
    site: Site, environment: Environment, newest_first: Collection[Build], now: datetime
) -> Freeze | None:
    """The freeze that holds in an environment: somebody's, or a window of `site.toml`."""
    if set_by := freeze_build(newest_first):
        return Freeze(reason=set_by.reason, owner=set_by.owner)
    for window in site.freeze_windows(environment):
        if until := window.until(now):
            return Freeze(reason=window.reason, owner=BY_THE_FILE, until=until)
    return None


def freeze_build(newest_first: Collection[Build]) -> Build | None:
    """The build that froze, unless another ended it since."""
    switching = (SiteAction.FREEZE, SiteAction.THAW)
    switched = (b for b in newest_first if b.properties.get("action") in switching and b.succeeded)
    last = next(switched, None)
    return last if last and last.properties["action"] == SiteAction.FREEZE else None


def to_switch(action: SiteAction, freeze: Freeze | None) -> None:
    """Raise RequestRefused when there is nothing to freeze or to end."""
    if action is SiteAction.FREEZE and freeze and freeze.owner != BY_THE_FILE:
        raise RequestRefused(f"already {freeze}")
    if action is SiteAction.THAW and freeze is None:
        raise RequestRefused("nothing is frozen")
    if action is SiteAction.THAW and freeze and freeze.owner == BY_THE_FILE:
        raise RequestRefused(f"{freeze}: that window ends by itself, or where it stands")


def waiting(here: History, before: History) -> str | None:
    """The digest that waits to be promoted, if any does."""
    verified = before.live.digest if before.live else None
    return verified if verified and (not here.live or here.live.digest != verified) else None


def to_promote_all(
    site: Site, environment: Environment, histories: dict[str, dict[str, History]], shown: str = ""
) -> tuple[Move, ...]:
    """What waits, in the site's order; `histories` by component and environment.

    `shown` is what somebody looked at, as `blog=<digest>,docs=<digest>`: nothing else moves.
    Raises RequestRefused when that does not wait any more, or nothing does. Each promotion is still
    judged by its own rules.
    """
    source = environment.promotes_from
    if source is None:
        raise RequestRefused(
            f"{environment.name} takes every green build: nothing is promoted to it"
        )
    moves = tuple(
        Move(component=component.name, action=Action.PROMOTE, before=before, digest=digest)
        for component in site.ordered
        for here in [histories[component.name][environment.name]]
        for before in [(here.live.digest if here.live else None) or ""]
        if (digest := waiting(here, histories[component.name][source]))
    )
    if shown:
        moves = as_shown(moves, dict(pair.split("=") for pair in shown.split(",")), source)
    if not moves:
        raise RequestRefused(f"{environment.name} has everything that {source} verified")
    return moves


def as_shown(moves: tuple[Move, ...], shown: dict[str, str], source: str) -> tuple[Move, ...]:
    """Those that were shown; raises RequestRefused when one of them is another release by now."""
    kept = tuple(move for move in moves if move.component in shown)
    for move in kept:
        if not move.digest.startswith(shown[move.component]):
            raise RequestRefused(
                f"{source} verified {move.component} {short(move.digest)} since you looked, "
                f"not {short(shown[move.component])}: look again"
            )
    return kept


def moved_forward(build: Build) -> bool:
    """Whether a build promoted everything and moved some of it; a return does not count."""
    promoted = build.properties.get("action") == SiteAction.PROMOTE_ALL
    return promoted and bool(build.properties.get("moved"))


def interrupted_bulk_promotion(
    newest_first: Collection[Build], live: Collection[str | None]
) -> Build | None:
    """The last promotion of everything that moved something, if it stopped and has not been undone.

    `live` are the digests that are live in this environment now.
    """
    last = next((b for b in newest_first if b.finished and moved_forward(b)), None)
    if last is None or last.succeeded:
        return None
    there = any(new in live for old, new in last.properties["moved"].values() if old)
    return last if there else None


def to_return(
    asked: str, newest_first: Collection[Build], histories: dict[str, dict[str, History]], name: str
) -> tuple[Move, ...]:
    """What a promotion of everything moved, back to where it was, last first.

    `asked` is that build's number, or empty for the last one. Raises RequestRefused when it moved
    nothing, or a component has moved on since.
    """
    before: dict[str, dict[str, tuple[str, str]]] = {
        str(build.number): build.properties["moved"]
        for build in newest_first
        if build.finished and moved_forward(build)
    }
    number = asked or next(iter(before), "")
    if number not in before:
        raise RequestRefused(
            f"no promotion of everything{f' {asked}' if asked else ''} moved anything"
        )
    moves = []
    for component, (old, new) in reversed(before[number].items()):
        live = histories[component][name].live
        if live and old and live.digest == old:
            continue  # a return that stopped half-way got as far as this
        if live is None or live.digest != new:
            raise RequestRefused(f"{component} has moved on since: return it by itself")
        if old:
            back = Move(component=component, action=Action.ROLL_BACK, before=new, digest=old)
            moves.append(back)
    if not moves:
        raise RequestRefused("there is nothing left to return, or nowhere to return it to")
    return tuple(moves)


def presser(owner: str | None, releasers: Collection[str]) -> str:
    """Who asks; raises RequestRefused for anybody else than a releaser."""
    if not owner or owner not in releasers:
        raise RequestRefused(f"{owner or 'nobody'} is not a releaser")
    return owner
