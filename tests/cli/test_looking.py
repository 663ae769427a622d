"""Looking: what the commands show that press nothing."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from cli.errors import ActionRefused
from cli.master_client import ATTEMPTS
from tests.cli.conftest import Slipway
from tests.cli.master import Master, recorded

HOSTILE = "\x1b[2J\x1b]0;owned\x07\u202e[bold red]promoted[/]\r\nblog \x9b31m"


def blog(board: Any) -> Any:
    return next(row for row in board["rows"] if row["component"] == "blog")


def test_status_shows_what_is_live_and_what_waits(slipway: Slipway) -> None:
    shown = slipway("status")
    assert shown.exit_code == 0
    assert "docs" in shown.stdout
    assert "⇧ 6.1.9 + 3 patches 8b3f988e0257 waits" in shown.stdout
    assert "1 release waits for production" in shown.stdout


def test_status_says_when_everything_is_the_same(demo: Master, slipway: Slipway) -> None:
    demo.board("board-same")
    assert "✓ All environments are in sync" in slipway("status").stdout


def test_status_of_one_component_shows_no_other(slipway: Slipway) -> None:
    shown = slipway("status", "blog").stdout
    assert "blog" in shown
    assert "docs" not in shown


def test_status_shows_holds_freezes_and_what_runs(demo: Master, slipway: Slipway) -> None:
    demo.board("board-held")
    assert "on hold by releaser: login is broken" in slipway("status").stdout
    demo.board("board-frozen")
    assert "frozen by releaser: the database moves" in " ".join(slipway("status").stdout.split())
    demo.board("board-running")
    assert "▶ promote: " in slipway("status").stdout


def test_status_says_which_component_cannot_be_built_and_which_is_not_well(
    demo: Master, slipway: Slipway
) -> None:
    row = blog(demo.board("board"))
    row["problem"] = {"message": "0002-theme.patch does not apply"}
    row["cells"][1]["health"] = {"healthy": False, "message": "GET / -> 502"}
    demo.say("/plugins/releases/board.json", {**recorded("board"), "rows": [row]})
    shown = slipway("status").stdout
    assert "⚠ blog cannot be built: 0002-theme.patch does not apply" in shown
    assert "✖ GET / -> 502" in shown


def test_status_says_that_health_is_unknown_and_since_when(demo: Master, slipway: Slipway) -> None:
    board = recorded("board")
    hours = datetime.fromisoformat(board["now"]) - timedelta(hours=5)
    health = {"healthy": None, "message": "no check has ended since", "when": hours.isoformat()}
    blog(board)["cells"][1]["health"] = health
    demo.say("/plugins/releases/board.json", board)
    shown = " ".join(slipway("status").stdout.split())
    assert "○ health unknown, last known 5 hours ago: no check has ended since" in shown
    health["when"] = None
    assert "○ health unknown: no check has ended since" in " ".join(
        slipway("status").stdout.split()
    )


def test_history_shows_every_deployment_and_why_one_was_refused(slipway: Slipway) -> None:
    shown = slipway("history", "blog")
    assert shown.exit_code == 0
    assert "roll back 5cbec1ba8d6b → f9e2c59761fb 6.1.9" in shown.stdout
    assert "❄ despite the freeze: security fix" in shown.stdout
    assert "✗ refused: production is frozen by releaser" in shown.stdout


def test_history_of_the_site_asks_for_no_component(demo: Master, slipway: Slipway) -> None:
    some = recorded("history-all")["deployments"][:2]
    demo.say("/plugins/releases/history.json", {"deployments": some, "older": "1-2"})
    shown = slipway("history", "--last", "2")
    assert demo.asked == ["/plugins/releases/history.json?limit=2"]
    assert "older ones: --last 4" in shown.stdout


def test_history_asks_for_one_page_after_the_other(demo: Master, slipway: Slipway) -> None:
    every = recorded("history-all")["deployments"]
    pages = [
        {"deployments": every[:2], "older": "7-8"},
        {"deployments": every[2:3], "older": "5-6"},
        {"deployments": every[3:], "older": None},
    ]
    demo.say("/plugins/releases/history.json", *pages)
    assert json.loads(slipway("history", "--json").stdout) == every
    assert [path.partition("?")[2] for path in demo.asked] == [
        "limit=200",
        "limit=200&older=7-8",
        "limit=200&older=5-6",
    ]
    demo.say("/plugins/releases/history.json", *pages)
    assert json.loads(slipway("history", "--json", "--last", "3").stdout) == every[:3]
    assert demo.asked[-1].endswith("limit=1&older=7-8")


def test_a_master_whom_too_many_ask_is_asked_again(
    demo: Master, slipway: Slipway, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    demo.say("/plugins/releases/history.json", {"error": "too many"}, status=429)
    shown = slipway("history")
    assert shown.exit_code == ActionRefused.code
    assert "too many" in shown.stderr
    assert pauses == [1.0] * ATTEMPTS


def test_history_says_when_there_is_none(demo: Master, slipway: Slipway) -> None:
    demo.say("/plugins/releases/history.json", {"deployments": [], "older": None})
    assert slipway("history").stdout == "Nothing has been done yet.\n"


def test_diff_shows_what_a_promotion_would_change(slipway: Slipway) -> None:
    shown = slipway("diff", "blog").stdout
    assert "5cbec1ba8d6b → 6.1.9 + 3 patches 8b3f988e0257" in shown
    assert "wp-content/themes/shipyard: main 13356fd0 → main" in shown
    assert "php .slipway/migrate.php" in shown
    assert "1 file changed, +0 B" in shown


def test_diff_shows_patches_and_configuration_line_by_line(demo: Master, slipway: Slipway) -> None:
    patch = {"subject": "Greet the world", "author": "Ada"}
    text = {"name": "wp-config.php.j2", "difference": "--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new\n"}
    changed = {**recorded("difference"), "patches_added": [patch], "configuration": [text]}
    demo.say("/plugins/releases/difference.json", changed)
    shown = slipway("diff", "blog").stdout
    assert "added: Greet the world (Ada)" in shown
    assert "  -old\n  +new\n" in shown


def test_diff_says_when_nothing_waits(demo: Master, slipway: Slipway) -> None:
    shown = slipway("diff", "docs")
    assert shown.exit_code == 0
    assert "docs → production: nothing waits" in shown.stdout
    assert not any("difference.json" in path for path in demo.asked)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("status",), "board"),
        (("history", "blog"), "history"),
    ],
)
def test_json_is_what_the_master_said_and_nothing_else(
    slipway: Slipway, words: tuple[str, ...], answer: str
) -> None:
    said = recorded(answer)
    expected = said["deployments"] if answer == "history" else said
    assert json.loads(slipway(*words, "--json").stdout) == expected


def test_the_json_of_diff_has_the_same_keys_whether_something_waits_or_not(
    slipway: Slipway,
) -> None:
    waits = json.loads(slipway("diff", "blog", "--json").stdout)
    same = json.loads(slipway("diff", "docs", "--json").stdout)
    assert waits.keys() == same.keys()
    assert waits["difference"] == recorded("difference")
    assert same["difference"] is same["waiting"] is None


def test_looking_needs_no_login_and_sends_no_password(demo: Master, slipway: Slipway) -> None:
    for words in (("status",), ("diff", "blog"), ("history",)):
        assert slipway(*words, SLIPWAY_USER=None, SLIPWAY_PASSWORD=None).exit_code == 0
    assert not demo.signed


def test_texts_of_strangers_are_shown_as_text(demo: Master, slipway: Slipway) -> None:
    board = demo.board("board")
    cell = blog(board)["cells"][1]
    cell["live"]["owner"] = cell["blocked_by"] = HOSTILE
    demo.say("/plugins/releases/board.json", board)
    history = recorded("history")
    for one in history["deployments"]:
        one |= {"reason": HOSTILE, "message": HOSTILE}
    demo.say("/plugins/releases/history.json", history)
    for words in (("status",), ("history", "blog"), ("promote", "blog", "--yes")):
        shown = slipway(*words).stdout
        assert "[bold red]promoted[/] blog" in shown
        assert not {"\x1b", "\x07", "\x9b", "\r", "\u202e"} & set(shown)


def test_an_answer_that_breaks_off_is_asked_for_again(demo: Master, slipway: Slipway) -> None:
    demo.say("/plugins/releases/board.json", b'{"title": "Sl', recorded("board"))
    assert slipway("status").exit_code == 0


def test_storage_shows_what_the_store_holds_and_what_was_removed_last(
    demo: Master, slipway: Slipway
) -> None:
    shown = slipway("storage").stdout
    assert "12 artifacts, 421.0 MB" in shown
    assert "free on that disk: 9500.0 MB" in shown
    assert "removed: 3 artifacts (120.0 MB), 1 broken upload" in shown
    assert f"{demo.url}#/builders/9/builds/4" in shown


def test_storage_warns_of_a_disk_with_little_space(demo: Master, slipway: Slipway) -> None:
    warning = {"warning": "Less than 10 % of the store's disk is free."}
    demo.say("/plugins/releases/store.json", recorded("store") | warning)
    assert warning["warning"] in slipway("storage").stdout


def test_storage_of_a_new_master_says_that_nothing_was_removed(
    demo: Master, slipway: Slipway
) -> None:
    empty = {"artifacts": 0, "size": 0, "oldest": None, "removed": "", "removed_at": None}
    demo.say("/plugins/releases/store.json", recorded("store") | empty)
    assert "nothing was removed yet" in slipway("storage").stdout


def test_status_warns_of_a_disk_of_the_master_that_is_nearly_full(
    demo: Master, slipway: Slipway
) -> None:
    warning = "The master's disk is nearly full: 12 MB are free"
    demo.say("/plugins/releases/board.json", recorded("board") | {"disk_warnings": [warning]})
    assert f"⚠ {warning}" in slipway("status").stdout
