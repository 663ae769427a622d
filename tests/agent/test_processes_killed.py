"""kill -9 of a deployment with processes: the next verb ends those that are not live."""

from collections.abc import Callable

import pytest

from agent import service_process
from tests.agent import service_applications
from tests.agent.packaging import Release
from tests.agent.server_fixture import ServerFixture
from tests.agent.waiting import wait_until

pytestmark = pytest.mark.usefixtures("unchanged")

SLOW = "if (request.url === '/health') return setTimeout(() => response.end('well'), 400);"


def kill_when(
    process_server: ServerFixture, verb: str, release: Release, condition: Callable[[], bool]
) -> None:
    process = process_server.start(verb, release)
    wait_until(condition)
    process.kill()
    process.communicate()
    assert process.returncode == -9


def started(process_server: ServerFixture, release: Release, service: str) -> bool:
    return (release.digest[:12], service) in process_server.running_services("api")


@pytest.mark.parametrize("service", ["web", "feed"])
def test_while_it_checks(service: str, process_server: ServerFixture, api: Release) -> None:
    new = service_applications.api(process_server, f"checked {service}", web=SLOW)
    assert process_server.prepare(new).code == 0
    kill_when(process_server, "rehearse", new, lambda: started(process_server, new, service))
    assert "api one" in process_server.page("api").body
    result = process_server.run_agent("abandon", "api")
    assert result.last_line.startswith(
        f"{new.digest[:12]} was unfinished: {api.digest[:12]} stays live"
    )


def test_while_it_switches(process_server: ServerFixture, api: Release) -> None:
    new = service_applications.api(process_server, "switched", web=SLOW)
    assert process_server.prepare(new).code == 0
    assert process_server.run_verb("rehearse", new).code == 0
    kill_when(
        process_server, "switch", new, lambda: process_server.directory("api").live == new.digest
    )
    assert "api switched" in process_server.page("api").body
    assert process_server.run_verb("switch", new).last_line.endswith(f"digest {new.digest[:12]}")
    assert {release for release, _ in process_server.running_services("api")} == {new.digest[:12]}
    assert process_server.run_verb("switch", api).code == 0


def test_while_it_starts_what_it_rolls_back_to(process_server: ServerFixture, api: Release) -> None:
    new = service_applications.api(process_server, "newer")
    assert process_server.deploy(new).code == 0
    kill_when(process_server, "switch", api, lambda: started(process_server, api, "web"))
    assert process_server.directory("api").live == new.digest
    assert "unfinished" in process_server.run_agent("abandon", "api").last_line
    assert {release for release, _ in process_server.running_services("api")} == {new.digest[:12]}
    assert process_server.run_verb("switch", api).code == 0


def test_while_it_ends_the_old_one(process_server: ServerFixture, api: Release) -> None:
    new = service_applications.api(process_server, "ending")
    assert process_server.prepare(new).code == 0
    assert process_server.run_verb("rehearse", new).code == 0
    # The old process may not end yet: it has a request to finish.
    connection = process_server.open_connection("api")
    connection.request("GET", "/slow", headers={"Host": process_server.host("api")})
    kill_when(process_server, "switch", new, lambda: process_server.events("api")[-1] == "live")
    assert connection.getresponse().status == 200
    assert process_server.run_agent("abandon", "api").last_line == "no deployment was unfinished"
    assert {release for release, _ in process_server.running_services("api")} == {new.digest[:12]}
    assert process_server.run_verb("switch", api).code == 0


def test_while_it_replaces_a_process(process_server: ServerFixture, api: Release) -> None:
    """A process of a rotated secret: the live one, with the old secret, is not touched."""
    before = {i.name for i in service_process.find_processes(process_server.directory("api"))}
    directory = process_server.directory("api")
    secrets = {"salt": "thyme"}
    assert process_server.prepare(api, secrets).code == 0
    process = process_server.start("rehearse", api, secrets)
    wait_until(lambda: {i.name for i in service_process.find_processes(directory)} != before)
    process.kill()
    process.communicate()
    assert process_server.prepare(api).code == 0
    assert "salt pepper" in process_server.page("api").body
    assert {i.name for i in service_process.find_processes(directory)} == before
    assert process_server.run_agent("abandon", "api").code == 0
