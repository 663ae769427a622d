"""The demo's services, on Node and on Python: switched under load, killed, stopped and started."""

import base64
import os
import signal
from http.client import HTTPResponse
from pathlib import Path

import pytest

from agent.pages import EdgeConnection, tls_context
from agent.server import Server
from model.reading import read
from tests.whole.line import Line, until
from tests.whole.test_line import change
from tests.whole.visitors import Visitors

SERVICES = ("accounts", "notes")
NOTE = "/demo/log/kept.ics"
JOURNAL = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//Slipway//test//EN\r
BEGIN:VJOURNAL\r
UID:kept\r
DTSTAMP:20261122T120000Z\r
SUMMARY:What is written stays written\r
END:VJOURNAL\r
END:VCALENDAR\r
"""


def ask(line: Line, method: str, path: str, body: str | None = None) -> tuple[int, str]:
    """Ask production's notes as their owner."""
    server = read(line.layout.server("production") / "server.toml", Server)
    environment, notes = line.place("production", "notes")
    password = (line.layout.secrets / "production-notes-password").read_text().strip()
    login = base64.b64encode(f"demo:{password}".encode()).decode()
    connection = EdgeConnection(server, environment.host(notes), tls_context(server))
    headers = {"Authorization": f"Basic {login}", "Content-Type": "text/calendar"}
    connection.request(method, path, body, headers)
    response: HTTPResponse = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, text


def processes(line: Line, component: str) -> list[int]:
    """The processes of a component's releases in production."""
    releases = line.layout.server("production") / "srv" / component / "releases"
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink().is_relative_to(releases):
                found.append(int(entry.name))
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
    return found


@pytest.fixture(scope="module", autouse=True)
def in_production(line: Line) -> None:
    """Both services run in production."""
    for component in SERVICES:
        if not line.live("production", component):
            line.promote(component)


@pytest.mark.parametrize("component", SERVICES)
def test_a_service_is_switched_under_load_and_no_request_fails(line: Line, component: str) -> None:
    first = str(line.live("production", component))
    second = change(line, component)
    builder = f"{component}-production"

    def switch() -> None:
        line.promote(component)
        for wanted in (first, second, first):
            done = line.pressed("roll-back-production", builder, wanted=wanted)
            assert done["results"] == 0, line.said(done)
        line.pressed("lift-hold-production", builder)

    answers = Visitors(line, "production", component).during(switch)
    assert line.live("production", component) == first
    assert set(answers) == {"200"}, answers
    short = {Path(f"/proc/{pid}/cwd").readlink().name[:12] for pid in processes(line, component)}
    assert short == {first[:12]}, "only what is live runs"


def test_what_visitors_wrote_outlives_releases(line: Line) -> None:
    assert ask(line, "PROPFIND", "/demo/")[0] == 207
    assert ask(line, "PUT", NOTE, JOURNAL)[0] == 201
    change(line, "notes")
    line.promote("notes")
    assert "What is written stays written" in ask(line, "GET", NOTE)[1]
    builder = "notes-production"
    line.pressed("roll-back-production", builder)
    line.pressed("lift-hold-production", builder)
    assert "What is written stays written" in ask(line, "GET", NOTE)[1]


@pytest.mark.parametrize("component", SERVICES)
def test_a_killed_service_comes_back_by_itself(line: Line, component: str) -> None:
    live = line.live("production", component)
    killed = processes(line, component)
    assert killed
    for process in killed:
        os.kill(process, signal.SIGKILL)
    assert line.page("production", component).status == 200
    assert line.live("production", component) == live
    assert not {*killed} & {*processes(line, component)}


def test_services_run_again_after_everything_was_stopped(line: Line) -> None:
    lived = {component: line.live("staging", component) for component in SERVICES}
    line.made("stop")
    assert not processes(line, "accounts")
    line.run("--no-wait")

    def live() -> dict[str, str | None]:
        return {component: line.live("staging", component) for component in SERVICES}

    until(lambda: live() == lived, "the services of before")
