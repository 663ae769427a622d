"""Pressing: which button each command presses with which words, and what it says of the end."""

import json
import re

import pytest

from tests.cli.conftest import Slipway
from tests.cli.master import BLOG, BLOG_STAGING, SITE, Master, recorded

WAITING = "8b3f988e0257"


def test_promote_shows_what_changes_and_asks_for_just_that_release(
    demo: Master, slipway: Slipway
) -> None:
    shown = slipway("promote", "blog", "--yes")
    assert shown.exit_code == 0, shown.stderr
    assert "wp-content/themes/shipyard: main 13356fd0" in shown.stdout
    assert "✓ blog → production: promote digest 8b3f988e0257 of 6.1.9, by releaser" in shown.stdout
    [(button, fields)] = demo.pressed
    assert (button, fields["builderid"]) == ("promote-production", BLOG)
    assert fields["wanted"].startswith(WAITING)
    assert len(fields["wanted"]) == 64
    assert fields["reason"].startswith("wp-content/themes/shipyard 13356fd0 → ")
    assert "freeze_override" not in fields


def test_a_release_may_be_named_by_how_its_digest_begins(demo: Master, slipway: Slipway) -> None:
    slipway("promote", "blog", "--yes", "--digest", WAITING[:6], "--reason", "edition 3")
    [(_, fields)] = demo.pressed
    assert len(fields["wanted"]) == 64
    assert fields["reason"] == "edition 3"


def test_a_stale_promotion_is_refused_by_the_master(demo: Master, slipway: Slipway) -> None:
    demo.ends("stale")
    demo.say("/plugins/releases/difference.json", recorded("no-release"), status=404)
    shown = slipway("promote", "blog", "--yes", "--digest", "5cbec1ba8d6b")
    assert shown.exit_code == 1
    assert "What changes is not known: the store does not hold the release abc" in shown.stdout
    assert "✗ blog → production: refused: staging verified 8b3f988e0257" in shown.stdout
    assert demo.pressed[0][1]["wanted"] == "5cbec1ba8d6b"


def test_a_promotion_in_a_freeze_is_refused_unless_it_says_why(
    demo: Master, slipway: Slipway
) -> None:
    demo.board("board-frozen")
    demo.ends("frozen")
    shown = slipway("promote", "blog", "--yes")
    assert shown.exit_code == 1
    assert "! production is frozen by releaser: the database moves" in shown.stdout
    assert "✗ blog → production: refused: production is frozen" in shown.stdout
    demo.ends("promoted")
    assert slipway("promote", "blog", "--yes", "--despite-freeze", "a hole").exit_code == 0
    assert [fields.get("freeze_override") for _, fields in demo.pressed] == [None, "a hole"]


def test_an_exception_to_a_freeze_is_not_sent_where_none_is(demo: Master, slipway: Slipway) -> None:
    slipway("promote", "blog", "--yes", "--despite-freeze", "a hole")
    assert "freeze_override" not in demo.pressed[0][1]


def test_nothing_is_pressed_when_nothing_waits(demo: Master, slipway: Slipway) -> None:
    one = slipway("promote", "docs", "--yes")
    demo.board("board-same")
    everything = slipway("promote", "--all", "--yes", "--json")
    assert (one.exit_code, everything.exit_code) == (0, 0)
    assert "nothing waits" in one.stdout
    assert json.loads(everything.stdout)["message"] == (
        "production has everything that staging verified"
    )
    assert not demo.pressed


def test_what_nobody_verified_is_refused(demo: Master, slipway: Slipway) -> None:
    board = demo.board("board")
    for cell in board["rows"][0]["cells"]:
        cell["live"] = None
    demo.say("/plugins/releases/board.json", board)
    shown = slipway("promote", board["rows"][0]["component"], "--yes")
    assert shown.exit_code == 1
    assert "staging has verified nothing yet" in shown.stderr


def test_promote_all_names_what_moves_in_the_order_of_the_site(
    demo: Master, slipway: Slipway
) -> None:
    shown = slipway("promote", "--all", "--yes")
    assert shown.exit_code == 0
    assert "1 release for production, in this order:\nblog: 6.1.9" in shown.stdout
    ((button, fields),) = demo.pressed
    assert (button, fields["builderid"]) == ("promote-all-production", SITE)
    assert fields["reason"] == "all that waits: blog"
    assert re.fullmatch(r"blog=8b3f988e0257[0-9a-f]{52}", fields["wanted"])


def test_return_names_the_promotion_that_stopped(demo: Master, slipway: Slipway) -> None:
    board = demo.board("board")
    board["columns"][1] |= {
        "interrupted": {"message": "docs failed: GET /"},
        "interrupted_build": "7",
    }
    demo.say("/plugins/releases/board.json", board)
    assert slipway("revert").exit_code == 0
    reason = "the promotion of everything 7 was interrupted"
    fields = {"wanted": "7", "reason": reason, "builderid": SITE}
    assert demo.pressed == [("revert-production", fields)]


def test_return_is_refused_when_nothing_stopped(demo: Master, slipway: Slipway) -> None:
    shown = slipway("revert", "--in", "production")
    assert shown.exit_code == 1
    assert "no promotion of everything to production was interrupted" in shown.stderr
    assert not demo.pressed


def test_approve_is_bound_to_the_release_that_was_shown(demo: Master, slipway: Slipway) -> None:
    board = demo.board("board")
    board["columns"][1]["two_person"] = True
    board["columns"][1]["buttons"]["approve"] = "approve-production"
    demo.say("/plugins/releases/board.json", board)
    assert slipway("approve", "blog", "--yes").exit_code == 0
    [(button, fields)] = demo.pressed
    assert (button, fields["builderid"]) == ("approve-production", BLOG)
    assert fields["wanted"].startswith(WAITING)


def test_approve_is_refused_where_one_person_is_enough(slipway: Slipway) -> None:
    shown = slipway("approve", "blog", "--yes")
    assert shown.exit_code == 1
    assert "production needs no approval" in shown.stderr


@pytest.mark.parametrize(
    ("words", "button", "builder", "reason"),
    [
        (("hold", "blog", "--reason", "a repair"), "hold-production", BLOG, "a repair"),
        (("hold", "blog", "--in", "staging", "--reason", "x"), "hold-staging", BLOG_STAGING, "x"),
        (("unhold", "blog"), "lift-hold-production", BLOG, "the hold is over"),
        (("configure", "blog", "--reason", "a leak"), "configure-production", BLOG, "a leak"),
        (("freeze", "--reason", "a move"), "freeze-production", SITE, "a move"),
        (("thaw",), "thaw-production", SITE, "the freeze is over"),
    ],
)
def test_each_switch_presses_its_button(
    demo: Master, slipway: Slipway, words: tuple[str, ...], button: str, builder: int, reason: str
) -> None:
    assert slipway(*words).exit_code == 0
    assert demo.pressed == [(button, {"reason": reason, "builderid": builder})]


@pytest.mark.parametrize(("lacking", "value"), [("buttons", {}), ("builder_id", None)])
def test_what_the_master_does_not_offer_is_refused_and_not_pressed(
    demo: Master, slipway: Slipway, lacking: str, value: object
) -> None:
    board = demo.board("board")
    board["columns"][1][lacking] = value
    shown = slipway("thaw")
    assert shown.exit_code == 1
    assert "the master offers no 'thaw' in production" in shown.stderr
    assert not demo.pressed
