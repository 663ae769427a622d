"""Following: what is said of a build that was asked for, while it runs and when it is over."""

import json

import pytest

from tests.cli.conftest import Slipway
from tests.cli.master import BUILDS, REQUEST, Master, recorded


def test_json_tells_the_outcome_and_keeps_everything_else_off_stdout(slipway: Slipway) -> None:
    shown = slipway("promote", "blog", "--yes", "--json")
    told = json.loads(shown.stdout)
    assert told["outcome"] == "done"
    assert told["button"] == "promote-production"
    assert told["page"].endswith("#/builders/16/builds/" + str(number()))
    assert "Upstream" in shown.stderr


def number() -> int:
    return int(recorded("build-promoted")["builds"][0]["number"])


def test_a_build_is_followed_while_it_waits_and_runs(demo: Master, slipway: Slipway) -> None:
    none: dict[str, list[str]] = {"builds": []}
    demo.say(BUILDS, none, recorded("build-running"), recorded("build-promoted"))
    demo.say(f"/api/v2/buildrequests/{REQUEST}", {"buildrequests": [{"complete": False}]})
    running = recorded("build-running")["builds"][0]["buildid"]
    demo.say(f"/api/v2/builds/{running}/steps", recorded("steps-running"))
    demo.say("/plugins/releases/board.json", recorded("board"), recorded("board-running"))
    shown = slipway("promote", "blog", "--yes")
    assert shown.exit_code == 0, shown.stderr
    assert demo.asked.count("/plugins/releases/board.json") == 2


def test_a_request_that_somebody_cancels_is_told(demo: Master, slipway: Slipway) -> None:
    demo.say(BUILDS, {"builds": []})
    shown = slipway("thaw")
    assert shown.exit_code == 1
    assert "it was cancelled before it began" in shown.stdout


@pytest.mark.parametrize(
    ("results", "said", "outcome", "code"),
    [
        (0, "build successful moved", "done", 0),
        (3, "already live", "nothing moved", 0),
        (2, "failed refused: no (failure)", "refused", 1),
        (2, "failed GET / -> 502 (failure)", "failed", 1),
        (4, "exception", "failed", 1),
        (6, "cancelled", "stopped", 1),
    ],
)
def test_every_end_has_its_word_and_its_exit_code(
    demo: Master, slipway: Slipway, results: int, said: str, outcome: str, code: int
) -> None:
    build = recorded("build-promoted")
    build["builds"][0] |= {"results": results, "state_string": said}
    demo.say(BUILDS, build)
    shown = slipway("thaw", "--json")
    assert json.loads(shown.stdout)["outcome"] == outcome
    assert shown.exit_code == code


@pytest.mark.parametrize(("decision", "outcome"), [("allowed", "failed"), ("refused", "refused")])
def test_a_refusal_is_known_by_its_property_and_not_by_its_words(
    demo: Master, slipway: Slipway, decision: str, outcome: str
) -> None:
    build = recorded("build-promoted")
    build["builds"][0] |= {
        "results": 2,
        "state_string": "failed refused by the firewall (failure)",
        "properties": {"decision": [decision, "choose-release"]},
    }
    demo.say(BUILDS, build)
    assert json.loads(slipway("thaw", "--json").stdout)["outcome"] == outcome
    assert f"{BUILDS}?property=decision" in demo.asked
