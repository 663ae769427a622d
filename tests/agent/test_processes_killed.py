"""kill -9 of a deployment with processes: whoever comes next ends what is not live."""

from collections.abc import Callable

import pytest

from agent import instances
from tests.agent import service_applications
from tests.agent.server_fixture import Release, World, until

pytestmark = pytest.mark.usefixtures("same")

SLOW = "if (request.url === '/health') return setTimeout(() => response.end('well'), 400);"


def kill_when(world: World, verb: str, release: Release, true: Callable[[], bool]) -> None:
    process = world.start(verb, release)
    until(true)
    process.kill()
    process.communicate()
    assert process.returncode == -9


def started(world: World, release: Release, service: str) -> bool:
    return (release.digest[:12], service) in world.running("api")


@pytest.mark.parametrize("service", ["web", "feed"])
def test_while_it_checks(service: str, town: World, api: Release) -> None:
    new = service_applications.api(town, f"checked {service}", web=SLOW)
    assert town.prepare(new).code == 0
    kill_when(town, "check", new, lambda: started(town, new, service))
    assert "api one" in town.page("api").body
    done = town.call("abandon", "api")
    assert done.last.startswith(f"{new.digest[:12]} was unfinished: {api.digest[:12]} stays live")


def test_while_it_switches(town: World, api: Release) -> None:
    new = service_applications.api(town, "switched", web=SLOW)
    assert town.prepare(new).code == 0
    assert town.on("check", new).code == 0
    kill_when(town, "switch", new, lambda: town.directory("api").live == new.digest)
    assert "api switched" in town.page("api").body
    assert town.on("switch", new).last.endswith(f"digest {new.digest[:12]}")
    assert {release for release, _ in town.running("api")} == {new.digest[:12]}
    assert town.on("switch", api).code == 0


def test_while_it_starts_what_it_rolls_back_to(town: World, api: Release) -> None:
    new = service_applications.api(town, "newer")
    assert town.deploy(new).code == 0
    kill_when(town, "switch", api, lambda: started(town, api, "web"))
    assert town.directory("api").live == new.digest
    assert "unfinished" in town.call("abandon", "api").last
    assert {release for release, _ in town.running("api")} == {new.digest[:12]}
    assert town.on("switch", api).code == 0


def test_while_it_ends_the_old_one(town: World, api: Release) -> None:
    new = service_applications.api(town, "ending")
    assert town.prepare(new).code == 0
    assert town.on("check", new).code == 0
    # The old process may not end yet: it has a request to finish.
    connection = town.visitor("api")
    connection.request("GET", "/slow", headers={"Host": town.host("api")})
    kill_when(town, "switch", new, lambda: town.events("api")[-1] == "live")
    assert connection.getresponse().status == 200
    assert town.call("abandon", "api").last == "nothing was unfinished"
    assert {release for release, _ in town.running("api")} == {new.digest[:12]}
    assert town.on("switch", api).code == 0


def test_while_it_replaces_a_process(town: World, api: Release) -> None:
    before = {i.name for i in instances.find_instances(town.directory("api"))}
    directory = town.directory("api")
    process = town.start("prepare", api, {"salt": "thyme"})
    until(lambda: {i.name for i in instances.find_instances(directory)} != before)
    process.kill()
    process.communicate()
    assert town.prepare(api).code == 0
    assert "salt pepper" in town.page("api").body
    assert town.call("abandon", "api").code == 0
