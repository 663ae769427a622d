"""Who may do what, by HTTP on a real master: everybody looks, releasers press."""

import ast
import importlib
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from buildbot.data.base import Endpoint
from buildbot.data.connector import DataConnector

from tests.web.small_master import (
    BUILDER,
    BUTTON,
    PASSWORD,
    READER,
    RELEASER,
    UNHASHED,
    WORKER,
    SmallMaster,
)
from web.endpoints import ReleasesPage

pytestmark = pytest.mark.real

PEOPLE = {"anonymous": None, "logged in": READER, "releaser": RELEASER}
FORBIDDEN = [name for name in PEOPLE if name != "releaser"]
IDENTIFIERS = {"buildername": BUILDER, "schedulername": BUTTON, "name": WORKER}
"""What stands in a path for a parameter that is no number; every number is 1."""


@dataclass(frozen=True)
class Control:
    """One action of Buildbot's data API, under one of its addresses."""

    pattern: str
    action: str
    parameters: dict[str, Any] = field(default_factory=dict)
    releaser: int = 200
    """The status of a releaser's request."""


WORKERS = (
    "workers/n:workerid",
    "workers/i:name",
    "masters/n:masterid/workers/n:workerid",
    "masters/n:masterid/workers/i:name",
    "masters/n:masterid/builders/n:builderid/workers/n:workerid",
    "masters/n:masterid/builders/n:builderid/workers/i:name",
    "builders/n:builderid/workers/n:workerid",
    "builders/n:builderid/workers/i:name",
)
TABLE = (
    Control("forceschedulers/i:schedulername", "force", {"reason": "a test"}),
    Control("builds/n:buildid", "rebuild"),
    Control("builders/n:builderid/builds/n:build_number", "rebuild"),
    Control("builders/s:buildername/builds/n:build_number", "rebuild"),
    Control("builds/n:buildid", "stop"),
    Control("builders/n:builderid/builds/n:build_number", "stop"),
    # Buildbot 4.3.0 looks for the builder's number, which this address does not hold.
    Control("builders/s:buildername/builds/n:build_number", "stop", releaser=500),
    Control("buildrequests/n:buildrequestid", "cancel"),
    # Buildbot 4.3.0 passes the priority to its database in a way that SQLAlchemy 2 refuses.
    Control("buildrequests/n:buildrequestid", "set_priority", {"priority": 7}, releaser=500),
    Control("schedulers/n:schedulerid", "enable", {"enabled": False}),
    Control("masters/n:masterid/schedulers/n:schedulerid", "enable", {"enabled": True}),
    *(
        Control(pattern, action)
        for pattern in WORKERS
        for action in ("pause", "unpause", "stop", "kill")
    ),
)


def path(pattern: str) -> str:
    """An address that a pattern of Buildbot's matches."""
    parts = (part.partition(":") for part in pattern.strip("/").split("/"))
    return "/".join(
        IDENTIFIERS.get(name, "1") if colon else literal for literal, colon, name in parts
    )


def endpoints() -> Iterator[type[Endpoint]]:
    """The endpoints of the installed Buildbot's data API."""
    for name in DataConnector.submodules:
        for _, kind in inspect.getmembers(importlib.import_module(name), inspect.isclass):
            if issubclass(kind, Endpoint) and "pathPatterns" in vars(kind) and kind is not Endpoint:
                yield kind


def patterns(kind: type[Endpoint]) -> list[str]:
    return [pattern.strip("/") for pattern in kind.pathPatterns]


def actions(kind: type[Endpoint]) -> set[str]:
    """What an endpoint can be told to do: its methods `action...`, and what `control` compares."""
    prefix = "action"
    found = {name.removeprefix(prefix).lower() for name in dir(kind) if name.startswith(prefix)}
    if kind.control is Endpoint.control:
        return found
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind.control)))
    compared = [node for node in ast.walk(tree) if isinstance(node, ast.Compare)]
    texts = {
        str(node.value)
        for comparison in compared
        if isinstance(comparison.left, ast.Name) and comparison.left.id == prefix
        for operand in comparison.comparators
        for node in ast.walk(operand)
        if isinstance(node, ast.Constant)
    }
    assert texts, f"{kind.__name__}.control takes actions that this test cannot read"
    return found | texts


def test_the_table_holds_every_action_of_the_installed_buildbot() -> None:
    installed = {
        (pattern, action)
        for kind in endpoints()
        for action in actions(kind)
        for pattern in patterns(kind)
    }
    assert {(control.pattern, control.action) for control in TABLE} == installed


Sessions = dict[str, requests.Session]


@pytest.fixture(scope="session")
def sessions(master: SmallMaster) -> Sessions:
    return {name: master.session(user) for name, user in PEOPLE.items()}


def state(master: SmallMaster, session: requests.Session) -> list[Any]:
    """Whatever an action of the table could change."""
    kinds = ("buildrequests", "builds", "schedulers", "workers")
    return [master.get(session, f"api/v2/{kind}").json() for kind in kinds]


def called(control: Control) -> str:
    return f"{control.action} {control.pattern}"


@pytest.mark.parametrize("control", TABLE, ids=called)
@pytest.mark.parametrize("person", FORBIDDEN)
def test_nobody_but_a_releaser_presses(
    master: SmallMaster, sessions: Sessions, person: str, control: Control
) -> None:
    before = state(master, sessions["anonymous"])
    response = master.control(
        sessions[person], path(control.pattern), control.action, **control.parameters
    )
    assert response.status_code == 403, response.text
    assert response.json()["error"]["message"] == "you need to have role 'releaser'"
    assert state(master, sessions["anonymous"]) == before


@pytest.mark.parametrize("control", TABLE, ids=called)
def test_a_releaser_presses(master: SmallMaster, sessions: Sessions, control: Control) -> None:
    response = master.control(
        sessions["releaser"], path(control.pattern), control.action, **control.parameters
    )
    assert response.status_code == control.releaser, response.text


def test_what_a_releaser_presses_happens_in_the_releaser_s_name(
    master: SmallMaster, sessions: Sessions
) -> None:
    pressed = master.control(sessions["releaser"], f"forceschedulers/{BUTTON}", "force")
    buildset, _ = pressed.json()["result"]
    stored = master.get(sessions["anonymous"], f"api/v2/buildsets/{buildset}/properties")
    assert stored.json()["properties"][0]["owner"] == [RELEASER, "Force Build Form"]


@pytest.mark.parametrize("person", FORBIDDEN)
def test_an_action_that_no_buildbot_has_yet_is_forbidden_at_every_address(
    master: SmallMaster, sessions: Sessions, person: str
) -> None:
    addresses = [path(pattern) for kind in endpoints() for pattern in patterns(kind)]
    statuses = {
        address: master.control(sessions[person], address, "improve").status_code
        for address in addresses
    }
    assert set(statuses.values()) == {403}, statuses


def test_everybody_may_look_at_all_of_buildbot_s_api(
    master: SmallMaster, sessions: Sessions
) -> None:
    addresses = [path(pattern) for kind in endpoints() for pattern in patterns(kind)]
    statuses = {
        address: [master.get(s, f"api/v2/{address}").status_code for s in sessions.values()]
        for address in addresses
    }
    assert not {a: some for a, some in statuses.items() if {401, 403} & {*some}}
    assert not {a: some for a, some in statuses.items() if len({*some}) > 1}
    assert statuses["builds"] == statuses["workers/1"] == [200] * len(PEOPLE)


ANSWERS = {
    "board.json": 200,
    "difference.json": 404,
    "figures.json": 200,
    "history.json": 200,
    "machines.json": 200,
    "release.json": 404,
    "store.json": 200,
    "trials.json": 200,
}
"""The status of each answer of the Releases page; two of them need a release to be named."""


@pytest.mark.parametrize("name", ReleasesPage().endpoints())
def test_everybody_sees_what_the_page_shows(
    master: SmallMaster, sessions: Sessions, name: str
) -> None:
    answers = [master.get(s, f"plugins/releases/{name}") for s in sessions.values()]
    assert [answer.status_code for answer in answers] == [ANSWERS[name]] * len(PEOPLE)


@pytest.mark.parametrize(
    ("user", "password"),
    [(RELEASER, "wrong"), (RELEASER, ""), ("nobody", PASSWORD), ("", ""), (UNHASHED, PASSWORD)],
)
def test_a_wrong_password_opens_no_session(master: SmallMaster, user: str, password: str) -> None:
    session = master.session()
    assert master.log_in(session, user, password).status_code == 401
    assert master.control(session, f"forceschedulers/{BUTTON}", "force").status_code == 403


def test_who_reads_the_file_of_passwords_can_log_in_with_nothing_in_it(
    master: SmallMaster,
) -> None:
    lines = (master.folder / "secrets" / "ui-passwords").read_text().splitlines()
    stored = dict(line.split(":", 1) for line in lines)
    assert PASSWORD not in stored[RELEASER]
    response = master.log_in(master.session(), RELEASER, stored[RELEASER])
    assert response.status_code == 401


def test_a_session_ends_with_logout(master: SmallMaster) -> None:
    session = master.session(RELEASER)
    assert master.control(session, f"forceschedulers/{BUTTON}", "force").status_code == 200
    response = session.get(f"{master.url}auth/logout", allow_redirects=False, timeout=30)
    assert response.status_code == 302
    assert master.control(session, f"forceschedulers/{BUTTON}", "force").status_code == 403


def test_a_cookie_that_the_master_did_not_sign_opens_no_session(master: SmallMaster) -> None:
    known = master.session(RELEASER)
    (cookie,) = known.cookies
    header, payload, signature = cookie.value.split(".")
    forged = master.session()
    forged.cookies.set(cookie.name, f"{header}.{payload}.{signature[::-1]}")
    assert master.control(forged, f"forceschedulers/{BUTTON}", "force").status_code == 403


def test_a_page_of_another_site_presses_nothing_for_a_releaser(master: SmallMaster) -> None:
    """A browser sends forms to any address, and the session's cookie with them."""
    session = master.session(RELEASER)
    url = f"{master.url}api/v2/forceschedulers/{BUTTON}"
    call = '{"jsonrpc": "2.0", "id": 1, "method": "force", "params": {}}'
    for headers in (
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json", "Origin": "https://elsewhere.example"},
    ):
        response = session.post(url, data=call, headers=headers, timeout=30)
        assert response.status_code == 400, response.text
