"""Rolling back: which release is named, so that it never goes further than somebody meant."""

from tests.cli.conftest import Slipway
from tests.cli.master import BLOG, Master


def test_rollback_names_the_release_before_so_that_two_presses_are_one(
    demo: Master, slipway: Slipway
) -> None:
    demo.board("board-same")
    demo.ends("rolled-back")
    shown = slipway("rollback", "blog", "--reason", "login is broken")
    assert shown.exit_code == 0
    assert "roll back to digest 5cbec1ba8d6b of 6.1.9, by releaser; on hold" in shown.stdout
    assert any("backwards=yes" in path for path in demo.asked)
    [(button, fields)] = demo.pressed
    assert (button, fields["builderid"]) == ("roll-back-production", BLOG)
    assert fields["reason"] == "login is broken"
    assert fields["wanted"].startswith("5cbec1ba8d6b")
    assert len(fields["wanted"]) == 64


def test_a_second_rollback_goes_further_back_and_never_forward(
    demo: Master, slipway: Slipway
) -> None:
    demo.board("board-held")
    slipway("rollback", "blog", "--reason", "x")
    assert demo.pressed[0][1]["wanted"].startswith("f9e2c59761fb")


def test_rollback_without_an_earlier_release_is_refused(demo: Master, slipway: Slipway) -> None:
    shown = slipway("rollback", "docs", "--reason", "x")
    assert shown.exit_code == 1
    assert not demo.pressed
    assert "nothing was live in production before what is; --digest takes one of" in shown.stderr
