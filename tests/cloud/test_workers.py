"""Workers whose machines are those of a real OpenStack: made, used, kept, and removed."""

import json
import re
import subprocess
import sys
from pathlib import Path
from secrets import token_hex

import pytest
import yaml
from openstack.config import OpenStackConfig
from openstack.connection import Connection
from openstack.exceptions import HttpException

from local.layout import CHECKOUT
from tests.cloud.fixture import BARE, Cloud
from tests.cloud.master import SUCCESS, Begin, Master, empty, servers
from tests.whole.line import until

pytestmark = [pytest.mark.cloud, pytest.mark.usefixtures("an_empty_project_afterwards")]

OWNER = "slipway-owner"


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
    until(lambda: empty(staging), "the end of its machine")


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
    until(lambda: master.log.count("waits for quota") >= 2, "both builds waiting")
    cloud.quota(str(cloud.project), instances=8)
    assert [master.finished(request)["results"] for request in requests] == [SUCCESS, SUCCESS]


def test_twenty_builds_wait_their_turn_under_a_quota_of_four(master: Master, cloud: Cloud) -> None:
    cloud.quota(str(cloud.project), instances=4)
    requests = [master.build() for _ in range(20)]
    ended = [master.finished(request, 240) for request in requests]
    assert [build["results"] for build in ended] == [SUCCESS] * 20
    told = [master.told(build) for build in ended]
    assert any("waits for quota: the quota is used up" in words for words in told)
    until(lambda: empty(cloud.connect(str(cloud.project))), "the end of all machines")


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
        image_id=staging.image.find_image(BARE, ignore_missing=False).id,
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
        return seen and empty(staging)

    master.finished(master.build())
    until(over, "the end of the first machine")
    cloud.forget_calls()
    master.finished(master.build())
    until(over, "the end of its machine")
    # How often a machine is looked at depends on how long it takes; `make bench-cloud` counts that.
    ours = {(c.method, c.path) for c in cloud.calls() if not c.path.endswith("/servers/detail")}
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
    until(lambda: empty(staging), "the end of its machine")
    least = Connection(
        config=OpenStackConfig(config_files=[str(clouds)], load_envvars=False).get_one(
            str(cloud.project)
        )
    )
    with pytest.raises(HttpException) as refused:
        least.compute.create_keypair(name="mine")
    assert refused.value.status_code in (401, 403)
