"""The test cloud is what its README says: a real OpenStack, whose machines are Debian systems."""

import base64
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from keystoneauth1.exceptions.connection import ConnectFailure
from openstack import exceptions
from openstack.compute.v2.server import Server
from openstack.connection import Connection

from cloud.polling import wait_until
from local.bootstrap.packages import INSTALL, of_installation
from servers.debian_releases import RELEASES, DebianRelease, described
from tests.cloud import network
from tests.cloud.fixture import BARE, Cloud
from tests.cloud.layout import CHECKOUT

pytestmark = pytest.mark.cloud

NAME = "test-of-the-cloud"
OTHER = "sandbox"
"""Another project than that of these tests."""
SCRIPT = "#!/bin/sh\necho it ran > /root/ran\n"


@pytest.fixture(scope="module")
def staging(cloud: Cloud, project: str) -> Connection:
    return cloud.connect(project)


@pytest.fixture(scope="module")
def production(cloud: Cloud) -> Connection:
    return cloud.connect(OTHER)


@pytest.fixture(autouse=True)
def mended(cloud: Cloud) -> Iterator[None]:
    yield
    cloud.mend()


@pytest.fixture(scope="module", autouse=True)
def tidy(cloud: Cloud, project: str) -> Iterator[None]:
    """No machine of ours stays behind, whatever failed."""
    yield
    cloud.mend()
    for name in (project, OTHER):
        remove_all(cloud.connect(name))


def remove_all(project: Connection) -> None:
    for server in list(project.compute.servers(name=NAME)):
        remove(project, server)


def create(project: Connection, **how: Any) -> Server:
    wanted = {
        "flavor_id": project.compute.find_flavor("small").id,
        "image_id": project.image.find_image(BARE).id,
        "networks": [{"uuid": project.network.find_network("internal").id}],
        "security_groups": [{"name": "default"}, {"name": "web"}],
        "user_data": base64.b64encode(SCRIPT.encode()).decode(),
    }
    return project.compute.create_server(name=NAME, **(wanted | how))


def boot(project: Connection, cloud: Cloud, **how: Any) -> Server:
    made = create(project, **how)
    server = project.compute.wait_for_server(made, interval=0.2, wait=90)
    assert cloud.booted(server.id)
    return server


def failed(project: Connection, server: Server) -> str:
    """What Nova says of a machine that could not be had."""

    def ended() -> bool:
        return bool(project.compute.get_server(server).status != "BUILD")

    assert wait_until(ended, 60)
    found = project.compute.get_server(server)
    assert found.status == "ERROR"
    return str(found.fault["message"])


def remove(project: Connection, server: Server) -> None:
    project.compute.delete_server(server)
    project.compute.wait_for_delete(server, interval=0.1, wait=60)


@pytest.fixture(scope="module")
def machine(cloud: Cloud, staging: Connection) -> Iterator[Server]:
    """One machine that several tests look at."""
    yield boot(staging, cloud)


def test_a_machine_runs_its_user_data_under_a_systemd_of_its_own(
    cloud: Cloud, machine: Server
) -> None:
    assert cloud.inside(machine.id, "cat", "/root/ran").stdout == "it ran\n"
    assert cloud.inside(machine.id, "cat", "/proc/1/comm").stdout == "systemd\n"
    status = cloud.inside(machine.id, "cloud-init", "status", "--long").stdout
    assert "status: done" in status
    assert "DataSourceConfigDrive" in status
    assert cloud.inside(machine.id, "hostname").stdout.strip() == NAME


def test_no_unit_of_a_machine_has_failed(cloud: Cloud, machine: Server) -> None:
    assert cloud.inside(machine.id, "systemctl", "--failed", "--no-legend").stdout == ""


def test_a_machine_has_the_address_that_neutron_gave_it(cloud: Cloud, machine: Server) -> None:
    address = machine.addresses["internal"][0]["addr"]
    assert address in cloud.inside(machine.id, "ip", "-brief", "address").stdout


def test_a_machine_sees_nothing_of_the_host(cloud: Cloud, machine: Server) -> None:
    assert not cloud.inside(machine.id, "ls", str(CHECKOUT)).stdout
    processes = cloud.inside(machine.id, "ps", "-e", "-o", "args=").stdout
    assert "uwsgi" not in processes
    assert "systemd-nspawn" not in processes
    assert cloud.inside(machine.id, "ls", "/sys/class/net", "/proc/sys/net/ipv4/conf").stdout
    links = cloud.inside(machine.id, "ip", "-brief", "link").stdout
    assert {line.split("@")[0].split()[0] for line in links.splitlines()} == {"lo", "eth0"}


def test_a_machine_prints_its_host_key_to_the_console(staging: Connection, machine: Server) -> None:
    console = staging.compute.get_server_console_output(machine)["output"]
    assert "BEGIN SSH HOST KEY FINGERPRINTS" in console
    assert "systemd" in console


def test_packages_can_be_installed_inside(cloud: Cloud, machine: Server) -> None:
    assert cloud.inside(machine.id, "apt-get", "update").returncode == 0
    installed = cloud.inside(machine.id, "apt-get", "install", "--yes", "hello")
    assert installed.returncode == 0, installed.stderr
    assert cloud.inside(machine.id, "hello").stdout == "Hello, world!\n"


def test_the_way_to_packages_does_not_lead_into_the_host(cloud: Cloud, machine: Server) -> None:
    for host in ("127.0.0.1", "localhost"):
        url = f"http://{host}:{cloud.layout.port('keystone')}/v3"
        asked = cloud.inside(
            machine.id, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}",
            "--noproxy", "", "--proxy", f"http://{network.RELAY}:3128", url,
        )  # fmt: skip
        assert asked.stdout == "502"


def test_a_relay_leads_to_the_port_that_was_asked_for(cloud: Cloud, machine: Server) -> None:
    before = cloud.layout.relays.read_text()
    cloud.relay((8099, cloud.layout.port("keystone")))

    def asked() -> bool:
        url = f"http://{network.RELAY}:8099/v3"
        return "identity" in cloud.inside(machine.id, "curl", "-s", url).stdout

    assert wait_until(asked, 10)
    cloud.layout.relays.write_text(before)


def test_a_floating_ip_leads_from_the_host_to_the_machine(
    staging: Connection, machine: Server
) -> None:
    public = staging.network.find_network("public")
    port = next(iter(staging.network.ports(device_id=machine.id)))
    floating = staging.network.create_ip(floating_network_id=public.id, port_id=port.id)
    scan = ("ssh-keyscan", "-T", "2", "-t", "ed25519", floating.floating_ip_address)

    def answers() -> bool:
        outcome = subprocess.run(scan, capture_output=True, text=True, check=False)
        return "ssh-ed25519" in outcome.stdout

    assert wait_until(answers, 10)
    staging.network.delete_ip(floating)
    assert wait_until(lambda: not answers(), 10)


def test_security_groups_are_enforced(cloud: Cloud, staging: Connection, machine: Server) -> None:
    other = boot(staging, cloud, security_groups=[{"name": "worker"}])
    address = machine.addresses["internal"][0]["addr"]

    def reaches(port: int) -> bool:
        probe = f"exec 3<>/dev/tcp/{address}/{port}"
        return cloud.inside(other.id, "timeout", "2", "bash", "-c", probe).returncode == 0

    assert reaches(22)
    start = ("systemd-run", "--quiet", "python3", "-m", "http.server", "8080")
    assert cloud.inside(machine.id, *start).returncode == 0
    assert not wait_until(lambda: reaches(8080), 3)
    web = staging.network.find_security_group("web", project_id=staging.current_project_id)
    rule = staging.network.create_security_group_rule(
        security_group_id=web.id,
        direction="ingress",
        protocol="tcp",
        port_range_min=8080,
        port_range_max=8080,
    )
    assert wait_until(lambda: reaches(8080), 10)
    staging.network.delete_security_group_rule(rule)
    assert wait_until(lambda: not reaches(8080), 10)
    remove(staging, other)


def test_a_project_sees_and_reaches_nothing_of_another(
    cloud: Cloud, staging: Connection, production: Connection, machine: Server
) -> None:
    theirs = boot(production, cloud)
    assert theirs.id not in {server.id for server in staging.compute.servers()}
    with pytest.raises(exceptions.NotFoundException):
        staging.compute.get_server(theirs.id)
    hidden = production.network.find_network("internal").id
    assert hidden not in {found.id for found in staging.network.networks()}
    with pytest.raises(exceptions.NotFoundException):
        staging.network.get_network(hidden)
    with pytest.raises(exceptions.ForbiddenException):
        list(staging.identity.projects())
    address = theirs.addresses["internal"][0]["addr"]
    ping = ("ping", "-c", "1", "-W", "1", address)
    assert cloud.inside(theirs.id, *ping).returncode == 0
    assert cloud.inside(machine.id, *ping).returncode != 0
    remove(production, theirs)


def test_a_machine_keeps_its_files_when_it_is_stopped_and_started(
    cloud: Cloud, staging: Connection
) -> None:
    server = boot(staging, cloud)
    cloud.inside(server.id, "touch", "/root/kept")
    staging.compute.stop_server(server)
    staging.compute.wait_for_server(server, status="SHUTOFF", interval=0.1, wait=60)
    assert cloud.machine(server.id).process is None
    staging.compute.start_server(server)
    staging.compute.wait_for_server(server, interval=0.1, wait=60)
    assert wait_until(lambda: cloud.inside(server.id, "ls", "/root/kept").returncode == 0, 10)
    remove(staging, server)


def test_a_machine_that_switches_itself_off_is_known_to_be_off(
    cloud: Cloud, staging: Connection
) -> None:
    server = boot(staging, cloud)
    cloud.inside(server.id, "systemctl", "poweroff")
    staging.compute.wait_for_server(server, status="SHUTOFF", interval=0.2, wait=60)
    remove(staging, server)


def test_a_deleted_machine_leaves_nothing(cloud: Cloud, staging: Connection) -> None:
    server = boot(staging, cloud)
    machine = cloud.machine(server.id)
    remove(staging, server)
    assert wait_until(lambda: not machine.folder.exists(), 10)
    assert machine.namespace not in network.namespaces()
    assert not list(staging.network.ports(device_id=server.id))


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.codename)
def test_each_release_of_debian_boots_and_has_every_package(
    cloud: Cloud, staging: Connection, release: DebianRelease
) -> None:
    image = staging.image.find_image(f"debian-{release.number}", ignore_missing=False)
    server = boot(staging, cloud, image_id=image.id)
    assert described(cloud.inside(server.id, "cat", "/etc/os-release").stdout) == release
    own = set(of_installation(release)) - release.from_older.keys()
    assert cloud.inside(server.id, "apt-get", "update").returncode == 0
    found = cloud.inside(server.id, *INSTALL, "--simulate", *sorted(own))
    assert found.returncode == 0, found.stderr
    for package in release.from_older:
        assert cloud.inside(server.id, *INSTALL, "--simulate", package).returncode != 0
    remove(staging, server)


@pytest.mark.parametrize(
    ("fault", "words"), [("no-host", "No valid host"), ("spawn", "asked for by metadata")]
)
def test_a_machine_that_cannot_be_had_ends_in_an_error(
    staging: Connection, fault: str, words: str
) -> None:
    server = create(staging, metadata={"slipway-fault": fault})
    assert words in failed(staging, server)
    remove(staging, server)


def test_the_next_machine_goes_wrong_without_its_maker_knowing(
    cloud: Cloud, staging: Connection
) -> None:
    cloud.machine_fault("spawn")
    server = create(staging)
    assert "asked for by metadata" in failed(staging, server)
    remove(staging, server)


def test_a_boot_that_hangs_stays_in_build_until_it_is_deleted(staging: Connection) -> None:
    server = create(staging, metadata={"slipway-fault": "hang"})

    def spawning() -> bool:
        return bool(staging.compute.get_server(server).task_state == "spawning")

    assert wait_until(spawning, 30)
    with pytest.raises(exceptions.ResourceTimeout):
        staging.compute.wait_for_server(server, interval=0.5, wait=5)
    remove(staging, server)


def test_a_mute_machine_is_active_and_never_runs_its_user_data(
    cloud: Cloud, staging: Connection
) -> None:
    server = boot(staging, cloud, metadata={"slipway-fault": "mute"})
    assert cloud.inside(server.id, "ls", "/root/ran").returncode != 0
    remove(staging, server)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_api_answers_with_the_status_that_was_asked_for(
    cloud: Cloud, staging: Connection, status: int
) -> None:
    cloud.fault("status", path=r".*/servers/detail", status=status, retry_after=7, count=1)
    listing = f"{cloud.layout.url('nova')}/v2.1/servers/detail"
    answer = staging.session.get(listing, raise_exc=False, connect_retries=0, status_code_retries=0)
    assert answer.status_code == status
    assert answer.headers["Retry-After"] == "7"
    assert staging.session.get(listing).status_code == 200


def test_a_connection_breaks_after_the_machine_was_accepted(
    cloud: Cloud, staging: Connection
) -> None:
    cloud.fault("reset", method="POST", path=r".*/servers")
    with pytest.raises(ConnectFailure, match="reset by peer"):
        create(staging, metadata={"lost": "yes"})
    lost = [s for s in staging.compute.servers() if s.metadata.get("lost")]
    assert len(lost) == 1
    remove(staging, lost[0])


def test_an_api_stalls(cloud: Cloud, staging: Connection) -> None:
    cloud.fault("stall", path=r".*/flavors", seconds=2)
    began = time.monotonic()
    list(staging.compute.flavors(details=False))
    assert time.monotonic() - began > 2


def test_an_expired_token_is_refused_once_and_a_new_one_accepted(
    cloud: Cloud, staging: Connection
) -> None:
    list(staging.compute.servers())
    cloud.forget_calls()
    cloud.fault("status", path=r".*/servers/detail", status=401)
    list(staging.compute.servers())
    asked = [(call.service, call.status) for call in cloud.calls()]
    assert asked == [("nova", 401), ("keystone", 201), ("nova", 200)]


def test_a_quota_is_exceeded(cloud: Cloud, staging: Connection) -> None:
    cloud.quota(str(cloud.project), instances=0)
    try:
        with pytest.raises(exceptions.ForbiddenException, match="Quota exceeded"):
            create(staging)
    finally:
        cloud.quota(str(cloud.project), instances=8)


def test_a_deletion_fails_ten_times(cloud: Cloud, staging: Connection) -> None:
    server = create(staging, metadata={"slipway-fault": "hang"})
    cloud.fault("status", method="DELETE", path=r".*/servers/.*", status=500, count=10)
    for _ in range(10):
        with pytest.raises(exceptions.HttpException):
            staging.compute.delete_server(server)
    remove(staging, server)


def test_what_clients_ask_for_is_counted(cloud: Cloud, staging: Connection) -> None:
    cloud.forget_calls()
    remove(staging, create(staging))
    made = [(call.method, call.status) for call in cloud.calls() if call.path.endswith("/servers")]
    assert made == [("POST", 202)]
