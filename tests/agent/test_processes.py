"""Releases with processes, on a real server: they start, answer and come back."""

import json
import os
import signal
import stat
from pathlib import Path

import pytest

from agent import service_process
from tests.agent import service_applications
from tests.agent.packaging import Release
from tests.agent.server_fixture import ServerFixture
from tests.agent.waiting import has_ended, wait_until


def test_all_services_of_a_release_go_live_in_their_order(
    process_server: ServerFixture, api: Release
) -> None:
    new = service_applications.api(process_server, "ordered")
    assert process_server.deploy(new).code == 0
    page = process_server.page("api")
    assert page.status == 200
    assert "api ordered; salt pepper" in page.body
    assert f"cwd {process_server.tree(new).resolve()}" in page.body
    echo = json.loads(process_server.page("api", "/echo", "feed").body)
    assert echo["before"] == "web answered 200"
    assert echo["env"]["ADDRESS"] == process_server.environment.location("feed")
    assert echo["headers"]["x-forwarded-proto"] == "https"
    every = [(new.digest[:12], name) for name in ("web", "feed", "inner")]
    assert process_server.running_services("api") == every
    assert process_server.deploy(api).code == 0


def test_a_python_release_goes_live(process_server: ServerFixture) -> None:
    release = service_applications.notes(process_server, "one")
    assert process_server.deploy(release).code == 0
    page = process_server.page("notes")
    assert "notes one;" in page.body
    assert f"{process_server.tree(release)}/packages" in page.body
    executable = Path(f"/proc/{process_server.live_process('notes', 'web')}/exe").readlink()
    assert executable == Path("/usr/bin/python3").resolve()


def test_a_process_gets_no_environment_variable_of_the_agent(
    process_server: ServerFixture, api: Release
) -> None:
    directory = process_server.directory("api")
    release = process_server.tree(api)
    echo = json.loads(process_server.page("api", "/echo").body)
    assert echo["env"].pop("PATH").startswith(f"{release}/node_modules/.bin:/usr/local/sbin:")
    assert (
        echo["env"].pop("SLIPWAY_SOCKET").startswith(str(process_server.settings.sockets / "api"))
    )
    assert echo["env"] == {
        "HOME": str(directory.shared),
        "LANG": "C.UTF-8",
        "NODE_ENV": "production",
        "SALT": "pepper",
        "SLIPWAY_RELEASE": api.digest,
    }


@pytest.mark.usefixtures("api")
def test_the_edge_treats_every_host_of_a_component_alike(process_server: ServerFixture) -> None:
    for label in ("api", "feed"):
        page = process_server.page("api", "/", label)
        assert page.headers["strict-transport-security"] == "max-age=31536000"
        assert page.headers["x-robots-tag"] == "noindex, nofollow"
        assert (
            process_server.page("api", "/robots.txt", label).body == "User-agent: *\nDisallow: /\n"
        )
        for path in ("/hidden", "/.slipway/web.env", "/.slipway/run/web.sock"):
            assert process_server.page("api", path, label).status == 404
    location = process_server.environment.location("feed")
    assert process_server.get_plain_http("api", "/a?b=c", "feed") == (308, f"{location}a?b=c")


@pytest.mark.usefixtures("api")
def test_files_of_a_release_are_not_served_but_its_digest_is(
    process_server: ServerFixture, api: Release
) -> None:
    for label in ("api", "feed"):
        echo = process_server.page("api", "/.well-known/slipway-release", label)
        assert echo.body == f"{process_server.instance(api).name}\n"
    for path in ("/web.js", "/data/shipped.txt"):
        assert "api one" in process_server.page("api", path).body


def test_settings_are_readable_for_the_process_alone(
    process_server: ServerFixture, api: Release
) -> None:
    release = process_server.tree(api)
    file = (release / ".slipway/web.env").stat()
    process = Path(f"/proc/{process_server.live_process('api', 'web')}").stat()
    owner = (0o400, process.st_uid) if os.geteuid() else (0o440, process.st_gid)
    assert (stat.S_IMODE(file.st_mode), file.st_uid if os.geteuid() else file.st_gid) == owner
    folder = service_process.socket_folder(
        process_server.settings, "api", process_server.instance(api).short
    ).stat()
    assert stat.S_IMODE(folder.st_mode) & 0o007 == 0
    plans = [path.read_text() for path in process_server.settings.services("api").iterdir()]
    assert not any("pepper" in text for text in plans)


def test_a_live_release_is_only_verified(process_server: ServerFixture, api: Release) -> None:
    before = process_server.live_process("api", "web")
    assert process_server.prepare(api).last_line == "already here, with the same configuration"
    rehearsal = process_server.run_verb("rehearse", api)
    assert rehearsal.last_line.endswith(" is already live: nothing to rehearse")
    assert (
        process_server.run_verb("switch", api).last_line
        == f"already live, digest {api.digest[:12]}"
    )
    assert process_server.live_process("api", "web") == before


@pytest.mark.usefixtures("api")
def test_a_killed_process_comes_back_and_requests_wait_for_it(
    process_server: ServerFixture,
) -> None:
    before = process_server.live_process("api", "web")
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: has_ended(before))
    page = process_server.page("api")
    assert page.status == 200
    assert "api one" in page.body
    assert process_server.live_process("api", "web") != before


def test_live_processes_come_back_with_their_supervisor(
    process_server: ServerFixture, api: Release
) -> None:
    before = [process_server.live_process("api", name) for name in ("web", "feed", "inner")]
    process_server.supervisord.kill()
    assert not any(has_ended(process) for process in before)
    process_server.supervisord.start()
    wait_until(lambda: all(has_ended(process) for process in before))
    wait_until(lambda: "api one" in process_server.page("api", "/", "feed").body)
    assert process_server.run_verb("switch", api).code == 0
    assert len(process_server.running_services("api")) == 3


FORGED = {
    "SCRIPT_NAME": "/x",
    "X_Forwarded_For": "1.2.3.4",
    "X-Forwarded-Port": "1",
    "X-Forwarded-Prefix": "/x",
    "X-Real-IP": "1.2.3.4",
    "Forwarded": "for=1.2.3.4",
}


def test_visitors_cannot_set_the_headers_of_the_edge(
    process_server: ServerFixture, api: Release
) -> None:
    del api
    connection = process_server.open_connection("api")
    connection.request("GET", "/echo", headers={"Host": process_server.host("api"), **FORGED})
    echo = json.loads(connection.getresponse().read())["headers"]
    connection.close()
    assert not {name.lower() for name in FORGED} & {*echo}
    assert echo["x-forwarded-proto"] == "https"
    assert "1.2.3.4" not in echo["x-forwarded-for"]
