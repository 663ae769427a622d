"""What concerns all components: freezes, what waits, and how it is returned."""

from datetime import timedelta
from typing import Any

import pytest

from model.freeze import FreezeWindow
from releases.history import Action, History
from releases.ledger import history_from_builds
from releases.rules import Freeze, RequestRefused
from releases.site_wide import (
    Move,
    SiteAction,
    active_freeze,
    interrupted_bulk_promotion,
    moves_left,
    moves_to_promote,
    moves_to_revert,
    refuse_needless_switch,
)
from tests.releases.ledgers import NEW, NEWER, OLD, PRODUCTION, SITE, STAGING, START, build

FREEZE = build(1, "site-production", action="freeze", reason="the database moves")
THAW = build(2, "site-production", action="thaw")
REFUSED = build(3, "site-production", action="freeze", results=2, said="failed refused: frozen")


def test_who_froze_last_is_believed_until_somebody_ends_it() -> None:
    assert active_freeze(SITE, PRODUCTION, (FREEZE,), START) == Freeze(
        reason="the database moves", owner="ana"
    )
    assert active_freeze(SITE, PRODUCTION, (THAW, FREEZE), START) is None
    assert active_freeze(SITE, PRODUCTION, (REFUSED, THAW, FREEZE), START) is None
    assert active_freeze(SITE, PRODUCTION, (), START) is None


def test_a_window_of_the_site_freezes_where_releases_are_promoted_to() -> None:
    end = START + timedelta(hours=8)
    window = FreezeWindow(reason="night", starts=START, ends=end)
    site = SITE.model_copy(update={"freezes": (window,)})
    found = active_freeze(site, PRODUCTION, (), START)
    assert found == Freeze(reason="night", owner="site.toml", until=end)
    assert active_freeze(site, STAGING, (), START) is None
    elsewhere = window.model_copy(update={"environments": ("sandbox",)})
    other = SITE.model_copy(update={"freezes": (elsewhere,)})
    assert active_freeze(other, PRODUCTION, (), START) is None


BY_HAND = Freeze(reason="x", owner="ben")
SITE_FILE = Freeze(reason="x", owner="site.toml", until=START)
SWITCHES = [
    (SiteAction.FREEZE, None, None),
    (SiteAction.FREEZE, SITE_FILE, None),
    (SiteAction.FREEZE, BY_HAND, "already frozen by ben: x"),
    (SiteAction.THAW, BY_HAND, None),
    (SiteAction.THAW, None, "nothing is frozen"),
    (SiteAction.THAW, SITE_FILE, "end that window in site.toml"),
]


@pytest.mark.parametrize(("action", "freeze", "refusal"), SWITCHES)
def test_freezing_and_ending_it_are_refused_where_they_mean_nothing(
    action: SiteAction, freeze: Freeze | None, refusal: str | None
) -> None:
    if refusal is None:
        refuse_needless_switch(action, freeze)
    else:
        with pytest.raises(RequestRefused, match=refusal):
            refuse_needless_switch(action, freeze)


def histories(**live: tuple[list[str], list[str]]) -> dict[str, dict[str, History]]:
    """What was live in staging and in production, oldest first, by component."""

    def history(digests: list[str], action: Action) -> History:
        builds = [build(n, action=action.value, live=one) for n, one in enumerate(digests)]
        return history_from_builds(tuple(reversed(builds)))

    return {
        name: {
            "staging": history(staging, Action.DEPLOY),
            "production": history(production, Action.PROMOTE),
        }
        for name, (staging, production) in live.items()
    }


def test_what_waits_is_promoted_in_the_order_of_the_site() -> None:
    known = histories(blog=([OLD, NEW], [OLD]), docs=([NEWER], []))
    moves = moves_to_promote(SITE, PRODUCTION, known)
    assert [(m.component, m.verb, m.before, m.digest) for m in moves] == [
        ("docs", "promote", "", NEWER),
        ("blog", "promote", OLD, NEW),
    ]


def test_nothing_is_promoted_where_nothing_waits_or_nothing_may() -> None:
    same = histories(blog=([NEW], [NEW]), docs=([], []))
    with pytest.raises(RequestRefused, match="production has everything that staging verified"):
        moves_to_promote(SITE, PRODUCTION, same)
    with pytest.raises(RequestRefused, match="takes every green build"):
        moves_to_promote(SITE, STAGING, same)


def test_what_was_not_shown_or_is_another_release_by_now_does_not_move() -> None:
    known = histories(blog=([OLD, NEW], [OLD]), docs=([NEWER], []))
    (move,) = moves_to_promote(SITE, PRODUCTION, known, f"blog={NEW[:12]}")
    assert (move.component, move.digest) == ("blog", NEW)
    with pytest.raises(
        RequestRefused, match="staging verified blog bbbbbbbbbbbb since you looked, not"
    ):
        moves_to_promote(SITE, PRODUCTION, known, f"blog={OLD},docs={NEWER}")


ALL: dict[str, Any] = {"action": "promote-all", "moved": {"docs": ["", NEWER], "blog": [OLD, NEW]}}
MOVED = build(4, "site-production", results=2, **ALL)
RETURNED = build(5, "site-production", action="revert", moved={"blog": [NEW, OLD]})


def test_a_return_is_never_returned_and_goes_on_where_it_stopped() -> None:
    back = histories(blog=([NEW], [OLD, NEW, OLD]), docs=([NEWER], [NEWER]))
    with pytest.raises(RequestRefused, match="nothing left to revert"):
        moves_to_revert("", (RETURNED, MOVED), back, "production")
    with pytest.raises(RequestRefused, match="no promotion of everything 5"):
        moves_to_revert("5", (RETURNED, MOVED), back, "production")
    assert interrupted_bulk_promotion((RETURNED, MOVED), {NEW, NEWER}) == MOVED
    assert interrupted_bulk_promotion((RETURNED, MOVED), {OLD, NEWER}) is None
    assert interrupted_bulk_promotion((build(6, "site-production", **ALL), MOVED), {NEW}) is None


def test_what_was_moved_goes_back_the_last_first_if_it_came_from_anywhere() -> None:
    known = histories(blog=([NEW], [OLD, NEW]), docs=([NEWER], [NEWER]))
    for wanted in ("", "4"):
        moves = moves_to_revert(wanted, (MOVED,), known, "production")
        assert [(m.component, m.verb, m.digest) for m in moves] == [("blog", "revert", OLD)]


def test_what_moved_on_since_is_not_returned() -> None:
    known = histories(blog=([NEW], [OLD, NEW, NEWER]), docs=([NEWER], [NEWER]))
    with pytest.raises(RequestRefused, match="blog was deployed again since"):
        moves_to_revert("", (MOVED,), known, "production")
    with pytest.raises(RequestRefused, match="no promotion of everything 9 moved anything"):
        moves_to_revert("9", (MOVED,), known, "production")


LOST = build(
    4, "site-production", action="promote-all", results=5, request=9, moved={"docs": [OLD, NEW]}
)
AGAIN = build(
    5, "site-production", action="promote-all", results=2, request=9, moved={"blog": [OLD, NEW]}
)


def test_what_any_attempt_of_a_promotion_moved_goes_back() -> None:
    """Buildbot repeats a build whose worker was lost."""
    known = histories(blog=([NEW], [OLD, NEW]), docs=([NEW], [OLD, NEW]))
    for wanted in ("", "4", "5"):
        moves = moves_to_revert(wanted, (AGAIN, LOST), known, "production")
        assert [(m.component, m.digest) for m in moves] == [("blog", OLD), ("docs", OLD)]
    assert interrupted_bulk_promotion((AGAIN, LOST), {NEW}) == AGAIN
    running = AGAIN.model_copy(update={"finished": None})
    assert interrupted_bulk_promotion((running, LOST), {NEW}) is None


def test_a_component_that_is_moved_by_two_attempts_goes_back_to_before_the_first() -> None:
    first = build(1, "site-production", **{**ALL, "moved": {"blog": [OLD, NEW]}}, request=1)
    again = build(2, "site-production", **{**ALL, "moved": {"blog": [NEW, NEW]}}, request=1)
    known = histories(blog=([NEW], [OLD, NEW]))
    (move,) = moves_to_revert("", (again, first), known, "production")
    assert (move.component, move.digest) == ("blog", OLD)


PLAN = (
    Move(component="docs", action=Action.PROMOTE, before="", digest=NEWER),
    Move(component="blog", action=Action.PROMOTE, before=OLD, digest=NEW),
)


def test_of_an_interrupted_plan_is_left_what_is_not_live() -> None:
    left = moves_left(PLAN, histories(blog=([NEW], [OLD]), docs=([NEWER], [NEWER])), "production")
    assert left == PLAN[1:]
    assert moves_left(PLAN, histories(blog=([], [OLD]), docs=([], [])), "production") == PLAN


def test_a_plan_is_not_finished_where_somebody_deployed_another_release_since() -> None:
    known = histories(blog=([NEW], [OLD, NEWER]), docs=([NEWER], [NEWER]))
    with pytest.raises(RequestRefused, match="blog was deployed again since this began"):
        moves_left(PLAN, known, "production")
