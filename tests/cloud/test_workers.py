"""Workers whose machines are those of a real OpenStack: made, used, lost, refused and removed."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
import yaml
from openstack.config import OpenStackConfig
from openstack.connection import Connection
from openstack.exceptions import HttpException

from local.layout import CHECKOUT
from tests.cloud.fixture import Cloud
from tests.cloud.master import Master
from tests.cloud.ports import free_ports
from tests.whole.line import until

pytestmark = pytest.mark.cloud

SUCCESS, EXCEPTION, RETRY, CANCELLED = 0, 4, 5, 6
SHORT = "boot_seconds = 20\nattach_seconds = 40\n"
"""Limits that a test can wait for; a machine here boots in two seconds and calls in a few more."""
OWNER = "slipway-owner"

Begin = Callable[..., Master]


@pytest.fixture(scope="module")
def staging(cloud: Cloud, project: str) -> Connection:
    """The project of all these machines; an environment called staging has them."""
    return cloud.connect(project)


@pytest.fixture(scope="module")
def ports(cloud: Cloud) -> list[int]:
    """Two for all masters: which one machines call, the cloud is told only once."""
    found = free_ports(4)
    cloud.relay(found[1], found[3])
    return found


@pytest.fixture(autouse=True)
def an_empty_project_afterwards(cloud: Cloud, project: str, staging: Connection) -> Iterator[None]:
    cloud.quota(project, instances=8)
    yield
    cloud.mend()
    until(lambda: not servers(staging), "an empty project")


@pytest.fixture(scope="module")
def master(
    cloud: Cloud, ports: list[int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Master]:
    """The master of all tests that need no other."""
    folder = tmp_path_factory.mktemp("master")
    master = Master(
        cloud,
        folder,
        ports[0],
        ports[1],
        place=SHORT,
        lane="machines = 20",
        project=str(cloud.project),
    )
    try:
        master.start()
        yield master
    finally:
        master.stop()


@pytest.fixture
def begin(cloud: Cloud, staging: Connection, ports: list[int], tmp_path: Path) -> Iterator[Begin]:
    """Start a master of a test's own, which ends with it, as does all that it has made."""
    masters: list[Master] = []
    known: dict[str, Any] = {"place": SHORT, "project": cloud.project}

    def started(**how: Any) -> Master:
        found = Master(cloud, tmp_path, ports[2], ports[3], **(known | how))
        masters.append(found)
        found.start()
        return found

    yield started
    for master in masters:
        master.stop()
    for server in servers(staging):
        staging.compute.delete_server(server, force=True)


def servers(connection: Connection) -> list[Any]:
    return list(connection.compute.servers())


def test_a_build_gets_a_machine_that_ends_with_it(master: Master, staging: Connection) -> None:
    request = master.build("id --user --name; sleep 3")
    build = master.running(request)
    (server,) = servers(staging)
    marks = server.metadata
    assert server.name == f"blog-build-{build['number']}"
    assert marks["slipway-worker"].startswith("build-")
    assert marks["slipway-build"] == f"blog-build/{build['number']}"
    assert {OWNER, "slipway-master", "slipway-boot", "slipway-expires"} <= marks.keys()
    assert master.finished(request)["results"] == SUCCESS
    assert re.search(rf"machine {server.name} ready in \d+\.\d s\n", master.told(build))
    until(lambda: not servers(staging), "the end of its machine")


LOGIN = """
import sys
from twisted.cred.credentials import UsernamePassword
from twisted.internet import reactor
from twisted.spread.pb import PBClientFactory, Referenceable

port, name, password = sys.argv[1:]
factory = PBClientFactory()
reactor.connectTCP("127.0.0.1", int(port), factory)
login = factory.login(UsernamePassword(name.encode(), password.encode()), Referenceable())
login.addCallbacks(lambda _: print("accepted"), lambda failure: print(failure.type))
login.addBoth(lambda _: reactor.stop())
reactor.run()
"""


def test_a_password_is_useless_once_the_worker_has_called(begin: Begin, cloud: Cloud) -> None:
    master = begin(lane="machines = 1\nidle_seconds = 600\n")
    assert master.finished(master.build())["results"] == SUCCESS
    (server,) = servers(cloud.connect(str(cloud.project)))
    told = json.loads(cloud.inside(server.id, "cat", "/var/lib/slipway/worker.json").stdout)
    assert told["password"] not in master.log
    login = (sys.executable, "-c", LOGIN, str(master.pb), told["name"], told["password"])
    said = subprocess.run(login, check=True, capture_output=True, text=True).stdout
    assert "UnauthorizedLogin" in said


def test_workers_that_a_reconfig_adds_wait_for_room_too(begin: Begin, cloud: Cloud) -> None:
    master = begin()
    cloud.quota(str(cloud.project), instances=0)
    master.lane = "machines = 2"
    master.reconfigure()
    until(lambda: len(master.get("workers")["workers"]) == 2, "the second worker")
    requests = [master.build(), master.build()]
    until(lambda: master.log.count("waits for room") >= 2, "both builds waiting")
    cloud.quota(str(cloud.project), instances=8)
    assert [master.finished(request)["results"] for request in requests] == [SUCCESS, SUCCESS]


def test_twenty_builds_wait_their_turn_under_a_quota_of_four(master: Master, cloud: Cloud) -> None:
    cloud.quota(str(cloud.project), instances=4)
    requests = [master.build() for _ in range(20)]
    ended = [master.finished(request, 240) for request in requests]
    assert [build["results"] for build in ended] == [SUCCESS] * 20
    told = [master.told(build) for build in ended]
    assert any("waits for room: the quota is used up" in words for words in told)
    until(lambda: not servers(cloud.connect(str(cloud.project))), "the end of all machines")


PASSING: list[tuple[str, dict[str, Any], str]] = [
    ("status", {"status": 429, "retry_after": 2}, "OpenStack answers 429"),
    ("status", {"status": 500}, "OpenStack answers 500"),
    ("status", {"status": 503}, "OpenStack answers 503"),
]


@pytest.mark.parametrize(("kind", "how", "words"), PASSING, ids=lambda value: str(value)[:30])
def test_trouble_that_passes_is_waited_for(
    master: Master, cloud: Cloud, kind: str, how: dict[str, Any], words: str
) -> None:
    cloud.fault(kind, service="nova", method="POST", path=r".*/servers", count=1, **how)
    build = master.finished(master.build())
    assert build["results"] == SUCCESS
    assert words in master.told(build)
    assert "tries again in" in master.told(build)


def test_a_create_that_takes_too_long_is_asked_again_and_what_comes_of_it_is_swept(
    master: Master, cloud: Cloud, staging: Connection
) -> None:
    cloud.fault("stall", service="nova", method="POST", path=r".*/servers", seconds=30, count=1)
    build = master.finished(master.build())
    assert build["results"] == SUCCESS
    assert "OpenStack does not answer" in master.told(build)
    until(lambda: f"removing machine blog-build-{build['number']} " in master.log, "the late one")
    until(lambda: not servers(staging), "the end of the late one")


def test_a_machine_is_adopted_whose_creation_was_never_answered(
    master: Master, cloud: Cloud, staging: Connection
) -> None:
    cloud.fault("reset", service="nova", method="POST", path=r".*/servers", count=1)
    request = master.build("sleep 3")
    build = master.running(request)
    assert len(servers(staging)) == 1
    assert "tries again" not in master.told(build)
    assert master.finished(request)["results"] == SUCCESS
    until(lambda: not servers(staging), "the end of its machine")


def test_an_expired_token_is_renewed(master: Master, cloud: Cloud) -> None:
    assert master.finished(master.build())["results"] == SUCCESS
    cloud.fault("status", service="nova", method="POST", path=r".*/servers", status=401, count=1)
    assert master.finished(master.build())["results"] == SUCCESS


SPOILT = [
    ("no-host", "no host has room: No valid host was found"),
    ("spawn", "the machine failed: "),
    ("hang", "the machine is BUILD after 6 s"),
    ("mute", "is ACTIVE, but its worker did not call within 6 s"),
]


LIMITS = {
    "no-host": SHORT,
    "spawn": SHORT,
    "hang": "boot_seconds = 6\n",
    "mute": "attach_seconds = 6\n",
}


@pytest.mark.parametrize(("kind", "words"), SPOILT)
def test_a_machine_that_is_of_no_use_is_followed_by_another(
    begin: Begin, cloud: Cloud, staging: Connection, kind: str, words: str
) -> None:
    master = begin(place=LIMITS[kind])
    cloud.machine_fault(kind)
    build = master.finished(master.build())
    told = master.told(build)
    assert words in told
    assert build["results"] == SUCCESS, told
    until(lambda: not servers(staging), "the end of both machines")


def test_the_third_machine_that_is_of_no_use_ends_the_build_with_its_reason(
    master: Master, cloud: Cloud, staging: Connection
) -> None:
    cloud.machine_fault("spawn", count=3)
    build = master.finished(master.build())
    assert build["results"] == EXCEPTION
    assert "no machine: given up after 3 machines: the machine failed: " in master.told(build)
    assert len(master.builds(build["buildrequestid"])) == 1
    until(lambda: not servers(staging), "the end of all three")


MISTAKES = [
    ('image = "slipway-worker-*"', 'image = "none-*"', "build.image': no 'none-*'"),
    ('flavor = "small"', 'flavor = "tiny"', "build.flavor': no 'tiny'"),
    ('network = "internal"', 'network = "intern"', "network': no 'intern'"),
    ('groups = ["worker"]', 'groups = ["workers"]', "security_groups': "),
    ('cloud = "sandbox-', 'cloud = "stage-', "cloud': no 'stage-"),
]


@pytest.mark.parametrize(("right", "wrong", "words"), MISTAKES, ids=[w for _, w, _ in MISTAKES])
def test_a_mistake_ends_the_build_at_once_and_names_file_and_key(
    begin: Begin, staging: Connection, right: str, wrong: str, words: str
) -> None:
    master = begin(correct=(right, wrong))
    build = master.finished(master.build())
    assert build["results"] == EXCEPTION
    assert f"no machine: staging.toml: key 'openstack.{words}" in master.told(build)
    assert not servers(staging)


def test_stop_ends_a_build_whose_machine_is_being_made(
    begin: Begin, cloud: Cloud, staging: Connection
) -> None:
    master = begin(place="boot_seconds = 300\n")
    cloud.machine_fault("hang")
    request = master.build()
    until(lambda: servers(staging), "its machine")
    (build,) = master.builds(request)
    master.control(f"builds/{build['buildid']}", "stop", reason="a test")
    assert master.finished(request)["results"] == CANCELLED
    until(lambda: not servers(staging), "the end of its machine")


def test_a_delete_that_fails_ten_times_is_tried_again(
    begin: Begin, cloud: Cloud, staging: Connection
) -> None:
    master = begin()
    cloud.fault(
        "status", service="nova", method="DELETE", path=r".*/servers/.*", status=500, count=10
    )
    assert master.finished(master.build())["results"] == SUCCESS
    until(lambda: not servers(staging), "the end of its machine", 300)
    assert master.log.count("does not go: OpenStack answers 500") == 10


def test_a_build_whose_machine_is_lost_is_repeated_twice_and_then_ends(
    master: Master, staging: Connection
) -> None:
    request = master.build("sleep 300")
    lost: set[int] = set()

    def lose() -> bool:
        build = master.at_work(request)
        if build and build["number"] not in lost:
            lost.add(build["number"])
            for server in servers(staging):
                staging.compute.delete_server(server, force=True)
        return bool(master.get(f"buildrequests/{request}")["buildrequests"][0]["complete"])

    until(lose, "the end of the build", 240)
    results = [build["results"] for build in master.builds(request)]
    assert results == [RETRY, RETRY, RETRY, EXCEPTION]
    said = master.told(master.builds(request)[-1])
    assert "the machine got lost 3 times; the build is not repeated again" in said


def test_orphans_are_swept_and_nothing_else_is_touched(
    begin: Begin, cloud: Cloud, staging: Connection
) -> None:
    """The master is killed while a machine boots; its worker's name has gone afterwards."""
    master = begin(place="boot_seconds = 300\n")
    cloud.machine_fault("hang")
    master.build("sleep 300")
    (orphan,) = until(lambda: servers(staging), "the machine of a build")
    foreign = staging.compute.create_server(
        name=orphan.name,
        image_id=staging.image.find_image(cloud.image("debian-12"), ignore_missing=False).id,
        flavor_id=staging.compute.find_flavor("small", ignore_missing=False).id,
        networks=[{"uuid": staging.network.find_network("internal", ignore_missing=False).id}],
        metadata={**orphan.metadata, OWNER: "somebody else"},
    )
    master.kill()
    master.prefix = "renamed"
    master.start()
    until(lambda: orphan.id not in [s.id for s in servers(staging)], "the end of the orphan")
    cloud.forget_calls()
    looked = "the next looks at all machines"
    until(lambda: sum(c.path.endswith("/servers/detail") for c in cloud.calls()) >= 2, looked)
    assert staging.compute.get_server(foreign.id).status in ("BUILD", "ACTIVE")


def test_a_machine_that_waits_takes_the_build_at_once(begin: Begin, staging: Connection) -> None:
    master = begin(lane="machines = 2\nready = 1\nidle_seconds = 0\n")
    until(lambda: "ready in" in master.log, "a machine that waits")
    (waiting,) = servers(staging)
    build = master.finished(master.build())
    assert build["results"] == SUCCESS
    until(lambda: f"machine {waiting.name} was ready" in master.told(build), "its sentence")
    until(
        lambda: waiting.id not in [server.id for server in servers(staging)],
        "the end of the machine that was used",
    )
    until(lambda: servers(staging), "another one that waits")


def test_a_boot_takes_eight_calls_at_most(
    master: Master, cloud: Cloud, staging: Connection
) -> None:
    def over() -> bool:
        """Whether all machines have gone, and the master has seen that."""
        seen = master.log.count(" boots: ") == master.log.count(" is gone\n")
        return seen and not servers(staging)

    master.finished(master.build())
    until(over, "the end of the first machine")
    cloud.forget_calls()
    master.finished(master.build())
    until(over, "the end of its machine")
    ours = [call for call in cloud.calls() if not call.path.endswith("/servers/detail")]
    assert len(ours) <= 8, ours


def test_the_documented_rights_are_enough_and_no_more(
    begin: Begin, cloud: Cloud, staging: Connection, tmp_path: Path
) -> None:
    """The access rules of docs/openstack.md, as the project's credential."""
    document = (CHECKOUT / "docs" / "openstack.md").read_text()
    rules = json.loads(document.partition("--access-rules '")[2].partition("'\n")[0])
    owner = cloud.owner(str(cloud.project))
    credential = owner.identity.create_application_credential(
        str(owner.current_user_id), name=token_hex(4), access_rules=rules
    )
    described = yaml.safe_load(cloud.clouds_yaml.read_text())
    described["clouds"][cloud.project]["auth"] |= {
        "application_credential_id": credential.id,
        "application_credential_secret": credential.secret,
    }
    clouds = tmp_path / "clouds.yaml"
    clouds.write_text(yaml.safe_dump(described))
    master = begin(clouds=clouds)
    assert master.finished(master.build())["results"] == SUCCESS
    until(lambda: not servers(staging), "the end of its machine")
    least = Connection(
        config=OpenStackConfig(config_files=[str(clouds)], load_envvars=False).get_one(
            str(cloud.project)
        )
    )
    with pytest.raises(HttpException) as refused:
        least.compute.create_keypair(name="mine")
    assert refused.value.status_code in (401, 403)
