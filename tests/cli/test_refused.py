"""What stops a command: the sentence, and the exit code that belongs to it."""

import json

import pytest

from tests.cli.conftest import COMMANDS, Slipway
from tests.cli.master import Master, recorded


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("status", "wiki"), "no component 'wiki'; expected one of accounts, blog, docs"),
        (("diff", "wiki"), "no component 'wiki'"),
        (("history", "wiki"), "no component 'wiki'"),
        (("promote", "wiki", "--yes"), "no component 'wiki'"),
        (("rollback", "wiki", "--reason", "x"), "no component 'wiki'"),
        (("hold", "wiki", "--reason", "x"), "no component 'wiki'"),
        (("promote", "blog", "--to", "live"), "no environment 'live'; expected one of production"),
        (("promote", "blog", "--to", "staging"), "staging takes every green build"),
        (("freeze", "--in", "staging"), "expected one of production"),
        (("hold", "blog", "--in", "live"), "expected one of staging, production"),
        (("promote",), "say which component, or --all; the components are accounts, blog"),
        (("promote", "blog", "--all"), "say which component, or --all"),
        (("promote", "--all", "--digest", "abcd"), "--all takes what waits"),
        (("promote", "blog"), "nobody can be asked here: --yes confirms it"),
        (("promote", "--all"), "nobody can be asked here: --yes confirms it"),
        (("rollback", "blog"), "say why: --reason"),
        (("hold", "blog", "--reason", " "), "say why: --reason"),
        (("freeze",), "say why: --reason"),
        (("promote", "blog", "--digest", "xyz"), "'xyz' is no digest"),
        (("deploy",), "No such command 'deploy'"),
        (("status", "--server", "builds.example.org"), "is no address of a server"),
        (("status", "--server", "http://ada:pw@localhost/"), "use SLIPWAY_USER"),
    ],
)
def test_wrong_usage_names_what_is_allowed_and_moves_nothing(
    demo: Master, slipway: Slipway, words: tuple[str, ...], said: str
) -> None:
    shown = slipway(*words)
    assert shown.exit_code == 2
    assert said in shown.stderr
    assert not shown.stdout
    assert not demo.pressed


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_server_every_command_says_how_to_reach_one(
    slipway: Slipway, command: str
) -> None:
    takes = command in ("approve", "rollback", "diff", "hold", "unhold", "configure")
    shown = slipway(command, *(["blog"] if takes else []), SLIPWAY_SERVER=None)
    assert shown.exit_code == 2
    assert "name the server: slipway --server" in shown.stderr


def test_a_server_may_be_named_before_or_after_the_command(demo: Master, slipway: Slipway) -> None:
    before = slipway("--server", demo.url, "status", SLIPWAY_SERVER=None)
    after = slipway("status", "--server", demo.url.rstrip("/"), SLIPWAY_SERVER="http://nowhere")
    assert (before.exit_code, after.exit_code) == (0, 0)


def test_where_several_environments_take_promotions_one_must_be_named(
    demo: Master, slipway: Slipway
) -> None:
    board = demo.board("board")
    board["columns"].append({**board["columns"][1], "name": "mirror"})
    for row in board["rows"]:
        row["cells"].append({**row["cells"][1], "environment": "mirror"})
    demo.say("/plugins/releases/board.json", board)
    for words in (("diff", "blog"), ("hold", "blog", "--reason", "x"), ("thaw",)):
        shown = slipway(*words)
        assert shown.exit_code == 2
        assert "takes one of production, mirror" in shown.stderr
    assert slipway("diff", "blog", "--to", "mirror").exit_code == 0


def test_a_server_that_does_not_answer_is_told(slipway: Slipway) -> None:
    shown = slipway("status", SLIPWAY_SERVER="http://127.0.0.1:1")
    assert shown.exit_code == 3
    assert "no master answers at http://127.0.0.1:1/: the connection failed" in shown.stderr


@pytest.mark.parametrize("answer", [b"<html>hello</html>", {"columns": []}, []])
def test_a_server_that_is_no_master_is_told(demo: Master, slipway: Slipway, answer: object) -> None:
    demo.say("/plugins/releases/board.json", answer)
    shown = slipway("status")
    assert shown.exit_code == 3
    assert "answers, but not as a Slipway master" in shown.stderr


def test_a_master_that_fails_says_so_itself(demo: Master, slipway: Slipway) -> None:
    said = "the master failed; its log says more"
    demo.say("/plugins/releases/board.json", {"error": said}, status=500)
    shown = slipway("status")
    assert (shown.exit_code, shown.stderr) == (1, f"slipway: {said}\n")


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (recorded("forbidden"), 403, "the master refused: you need to have role 'releaser'"),
        ({"error": {"message": {"reason": "'Why' is needed"}}}, 400, "refused: 'Why' is needed"),
        ([], 200, "the master refused: it answers 200"),
    ],
)
def test_a_press_that_the_master_refuses_is_told_in_its_words(
    demo: Master, slipway: Slipway, answer: object, status: int, said: str
) -> None:
    demo.say("/api/v2/forceschedulers/thaw-production", answer, status=status)
    shown = slipway("thaw")
    assert shown.exit_code == 1
    assert said in shown.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("status", "wiki"), 2),
        (("revert",), 1),
        (("status", "--server", "http://127.0.0.1:1"), 3),
    ],
)
def test_with_json_what_stops_a_command_is_a_document_too(
    slipway: Slipway, words: tuple[str, ...], code: int
) -> None:
    shown = slipway(*words, "--json")
    told = json.loads(shown.stdout)
    assert told["exit"] == shown.exit_code == code
    assert f"slipway: {told['error']}\n" == shown.stderr
