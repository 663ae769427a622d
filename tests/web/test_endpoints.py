"""What the Releases page is answered, by HTTP on a real master: shapes, refusals and failures."""

from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from pydantic import TypeAdapter

from tests.releases.ledgers import OLD
from tests.web.small_master import READER, SmallMaster
from tests.web.views.test_difference import release
from web.endpoints import ReleaseDetails
from web.views.board_model import Board
from web.views.deployments import HistoryPage
from web.views.difference import Difference
from web.views.figures import Figure
from web.views.machine_report import MachinesAnswer
from web.views.store_report import StoreReport
from web.views.trials import TrialRow

pytestmark = pytest.mark.real


def ask(master: SmallMaster, name: str, **query: str) -> requests.Response:
    """What the page receives; the timeout fails a test whose request never ends."""
    return master.get(master.session(), f"plugins/releases/{name}", **query)


def error(response: requests.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/json"
    assert list(response.json()) == ["error"]
    return response.status_code, response.json()["error"]


@pytest.fixture(scope="session")
def digests(master: SmallMaster) -> tuple[str, str]:
    """Two releases in the store."""
    sides = [release(master.store, {"index.html": text}, text, {}) for text in ("old", "new")]
    return sides[0].provenance.digest, sides[1].provenance.digest


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("board.json", Board),
        ("history.json", HistoryPage),
        ("figures.json", list[Figure]),
        ("machines.json", MachinesAnswer),
        ("store.json", StoreReport),
        ("trials.json", list[TrialRow]),
    ],
)
def test_an_answer_has_the_shape_of_its_model(master: SmallMaster, name: str, shape: Any) -> None:
    response = ask(master, name)
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["vary"] == "accept-encoding"
    assert response.headers["content-encoding"] == "gzip"
    TypeAdapter(shape).validate_json(response.content)


def test_the_board_shows_what_is_live_what_runs_and_when_it_was_asked_for(
    master: SmallMaster,
) -> None:
    board = Board.model_validate_json(ask(master, "board.json").content)
    (blog,) = (row for row in board.rows if row.component == "blog")
    cell = blog.cells[-1]
    assert abs((board.now - datetime.now(UTC)).total_seconds()) < 60
    assert (cell.live.digest, cell.running.action) == (OLD, "promote")
    assert cell.health.message.startswith("GET / -> no answer: ")


def test_the_history_of_a_component_holds_no_other(master: SmallMaster) -> None:
    blog = ask(master, "history.json", component="blog").json()
    assert [(each["component"], each["digest"]) for each in blog["deployments"]] == [("blog", OLD)]
    assert ask(master, "history.json").json() == blog
    assert ask(master, "history.json", component="docs").json() == {
        "deployments": [],
        "older": None,
    }


def test_a_browser_that_has_the_same_board_is_sent_nothing(master: SmallMaster) -> None:
    session = master.session()
    path = "plugins/releases/board.json"
    first = master.get(session, path)
    session.headers["If-None-Match"] = first.headers["etag"]
    again = master.get(session, path)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["date"]
    session.headers["If-None-Match"] = 'W/"another"'
    assert Board.model_validate_json(master.get(session, path).content).rows


def test_somebody_who_has_logged_in_is_answered_too(master: SmallMaster) -> None:
    board = master.get(master.session(READER), "plugins/releases/board.json")
    assert Board.model_validate_json(board.content).rows


def test_an_answer_is_sent_uncompressed_to_who_cannot_read_gzip(master: SmallMaster) -> None:
    session = master.session()
    session.headers["Accept-Encoding"] = "identity"
    response = master.get(session, "plugins/releases/board.json")
    assert "content-encoding" not in response.headers
    assert Board.model_validate_json(response.content).rows


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"limit": "0"}, "limit is '0'; expected a number from 1 to 200"),
        ({"limit": "201"}, "limit is '201'; expected a number from 1 to 200"),
        ({"limit": "all"}, "limit is 'all'; expected a number from 1 to 200"),
        ({"older": "yesterday"}, "older is malformed; expected what the last page said"),
    ],
)
def test_a_page_that_cannot_be_is_refused(
    master: SmallMaster, parameters: dict[str, str], expected: str
) -> None:
    assert error(ask(master, "history.json", **parameters)) == (400, expected)


def test_a_component_that_the_site_does_not_have_is_not_found(master: SmallMaster) -> None:
    expected = "no component 'wiki'; expected one of blog, docs"
    assert error(ask(master, "history.json", component="wiki")) == (404, expected)


@pytest.mark.parametrize(
    ("digest", "named"),
    [
        ("", "(none)"),
        ("A" * 64, "A" * 12),
        ("a" * 63, "a" * 12),
        ("a" * 64 + "\n", "a" * 12),
        ("../elsewhere", "../elsewhere"),
        ("*", "*"),
    ],
)
def test_a_malformed_digest_is_not_found_and_opens_no_file(
    master: SmallMaster, digests: tuple[str, str], digest: str, named: str
) -> None:
    envelope = master.store.provenance(digests[0]).read_bytes()
    (master.folder / "elsewhere.json").write_bytes(envelope)
    expected = 404, f"the store does not hold the release {named}"
    assert error(ask(master, "release.json", digest=digest)) == expected
    assert error(ask(master, "difference.json", to=digest)) == expected


def test_a_query_that_is_no_utf8_is_answered_too(master: SmallMaster) -> None:
    assert error(ask(master, "history.json?component=%ff"))[0] == 404


def test_a_release_is_shown_with_what_happened_to_it(
    master: SmallMaster, digests: tuple[str, str]
) -> None:
    shown = ReleaseDetails.model_validate_json(
        ask(master, "release.json", digest=digests[0]).content
    )
    assert (shown.provenance.digest, shown.stored, shown.deployments) == (digests[0], True, [])


def test_two_releases_are_compared(master: SmallMaster, digests: tuple[str, str]) -> None:
    old, new = digests
    response = ask(master, "difference.json", **{"from": old, "to": new})
    difference = Difference.model_validate_json(response.content)
    assert (difference.before, difference.after) == (old, new)
    assert [each.path for each in difference.changed.first] == ["index.html"]


def test_a_release_that_the_store_lost_is_not_found(master: SmallMaster) -> None:
    expected = 404, f"the store does not hold the release {OLD[:12]}"
    assert error(ask(master, "release.json", digest=OLD)) == expected
    assert error(ask(master, "difference.json", to=OLD)) == expected


def test_a_release_whose_files_the_store_lost_is_shown_and_not_compared(
    master: SmallMaster,
) -> None:
    lost = release(master.store, {"index.html": "lost"}, "lost", {}).provenance.digest
    master.store.artifact(lost).unlink()
    assert ask(master, "release.json", digest=lost).json()["stored"] is False
    expected = f"the store does not hold the files of {lost[:12]} any more"
    assert error(ask(master, "difference.json", to=lost)) == (404, expected)


def test_a_failure_of_the_master_is_answered_logged_and_tells_visitors_nothing(
    master: SmallMaster, digests: tuple[str, str]
) -> None:
    damaged = "d" * 64
    master.store.provenance(damaged).write_text("no envelope")
    expected = 500, "the master failed; its log says more"
    assert error(ask(master, "release.json", digest=damaged)) == expected
    assert error(ask(master, "difference.json", to=damaged)) == expected
    assert "an answer of the Releases page" in master.log
    assert "json.decoder.JSONDecodeError" in master.log
    assert ask(master, "difference.json", to=digests[0]).status_code == 200, "it answers no more"


def test_buildbot_answers_the_property_that_the_terminal_asks_a_build_for(
    master: SmallMaster,
) -> None:
    path = "api/v2/buildrequests/1/builds"
    answer = master.get(master.session(), path, property="action").json()
    assert answer["builds"][0]["properties"] == {"action": ["promote", "test"]}
