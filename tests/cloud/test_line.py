"""From a push to production on the machines of two OpenStack projects, over SSH to two servers."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from openstack.exceptions import ForbiddenException, NotFoundException

from servers import inventory, openings, preparation
from servers.debian_releases import BOOKWORM, TRIXIE, described
from steps.agent_step import SCRIPT
from tests.cloud import network
from tests.cloud.fixture import Cloud
from tests.cloud.line import COMPONENTS, CloudLine, running
from tests.local import attackers
from tests.whole.line import until
from tests.whole.visitors import Visitors

pytestmark = pytest.mark.cloud

SUCCESS, FAILURE = 0, 2
SCAN = """
import asyncio, json, sys

async def is_open(port, limit=asyncio.Semaphore(1000)):
    async with limit:
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(sys.argv[1], port), 1)
        except (OSError, asyncio.TimeoutError):
            return None
        writer.close()
        return port

async def scan():
    return [port for port in await asyncio.gather(*map(is_open, range(1, 10000))) if port]

print(json.dumps(asyncio.run(scan())))
"""
"""The TCP ports below 10,000 that an address answers at."""
ROOT_CERTIFICATE = "/etc/slipway/authority.pem"


@pytest.fixture(scope="module")
def line(cloud: Cloud) -> Iterator[CloudLine]:
    with running(cloud) as found:
        yield found


def change(line: CloudLine, component: str) -> str:
    """`make change COMPONENT=…`; the digest that all servers of staging have then."""
    before = line.everywhere("staging", component)
    line.made("change", COMPONENT=component)

    def arrived() -> str | None:
        now = line.everywhere("staging", component)
        return now["web-1"] if len(set(now.values())) == 1 and now != before else None

    found = until(arrived, f"a new {component} on staging", 240)
    line.idle()
    return found


@pytest.mark.parametrize("component", COMPONENTS)
def test_the_first_releases_reach_every_server_of_staging(line: CloudLine, component: str) -> None:
    hosts = line.hosts("staging")
    assert len(hosts) == 2
    for server in hosts:
        for check in line.site.component(component).checks:
            answer = line.page("staging", component, check.path, server)
            assert answer.status == check.status
            assert (check.contains or "") in answer.body
    assert len(set(line.everywhere("staging", component).values())) == 1


def test_builds_run_in_staging_s_build_lane_and_deployments_in_their_own_project(
    line: CloudLine,
) -> None:
    line.promote("specs")
    for builder, worker in (
        ("specs-build", "build-"),
        ("specs-staging", "deploy-staging"),
        ("specs-production", "deploy-production"),
    ):
        properties = line.properties(line.builds(builder)[0])
        assert properties["workername"].startswith(worker)
    # They wait for more deployments, each in its own project.
    for place in ("staging", "production"):
        there = [s.metadata.get("slipway-worker") for s in line.projects[place].compute.servers()]
        others = {"staging", "production"} - {place}
        assert f"deploy-{place}" in there
        assert not {f"deploy-{other}" for other in others} & set(there)


def test_one_click_takes_the_same_bytes_to_every_server_and_no_visitor_notices(
    line: CloudLine,
) -> None:
    line.promote("blog")
    staged = change(line, "blog")
    assert staged not in line.everywhere("production", "blog").values()
    with visited(line, "blog") as visitors:
        build = line.promote("blog")
    assert line.everywhere("production", "blog") == {"web-1": staged, "web-2": staged}
    assert line.properties(build)["digest"] == line.properties(build)["live"] == staged
    for server, answers in visitors.items():
        assert set(answers) == {"200"}, (server, answers)


def test_one_click_brings_the_previous_release_back_on_every_server(line: CloudLine) -> None:
    before = line.everywhere("production", "blog")
    staged = change(line, "blog")
    line.promote("blog")
    assert set(line.everywhere("production", "blog").values()) == {staged}
    builder = "blog-production"
    done = line.pressed("roll-back-production", builder)
    assert done["results"] == SUCCESS, line.said(done)
    assert line.everywhere("production", "blog") == before
    assert line.pressed("lift-hold-production", builder)["results"] == SUCCESS


@contextmanager
def broken(line: CloudLine, how: str, mend: str) -> Iterator[None]:
    """Production's second server while something is wrong with it."""
    line.inside("production", "web-2", how)
    try:
        yield
    finally:
        line.inside("production", "web-2", mend)


@pytest.mark.parametrize(
    ("how", "mend", "step", "why"),
    [
        pytest.param(
            f"mv {ROOT_CERTIFICATE} /root/",
            f"mv /root/authority.pem {ROOT_CERTIFICATE}",
            "switch",
            "all return",
            id="the second cannot prove what it switched to",
        ),
        pytest.param(
            "systemctl stop slipway-app-notes",
            "systemctl start slipway-app-notes",
            "rehearse",
            "supervisord does not answer",
            id="the second cannot start it",
        ),
        pytest.param(
            "systemctl stop ssh",
            "systemctl start ssh",
            "unpack-and-configure",
            "Connection refused",
            id="the second is not there",
        ),
    ],
)
def test_a_release_goes_to_all_servers_or_to_none(
    line: CloudLine, how: str, mend: str, step: str, why: str
) -> None:
    if not line.builds("notes-production"):
        line.promote("notes")
    before = line.everywhere("production", "notes")
    staged = change(line, "notes")
    builder = "notes-production"
    with broken(line, how, mend):
        done = line.pressed("promote-production", builder)
        said = line.said(done)
    assert done["results"] == FAILURE, said
    assert "web-2: " in said[step], said
    assert why in said[step], said
    assert "web-1: " not in said[step].partition("all return")[0]
    assert line.everywhere("production", "notes") == before
    line.promote("notes")
    assert line.everywhere("production", "notes") == {"web-1": staged, "web-2": staged}


@contextmanager
def visited(line: CloudLine, component: str) -> Iterator[dict[str, dict[str, int]]]:
    """What visitors of each production server were answered while the block ran."""
    servers = line.hosts("production")
    groups = {name: Visitors(line, "production", component, "/", name) for name in servers}
    answers: dict[str, dict[str, int]] = {}
    for group in groups.values():
        group.start()
    try:
        yield answers
    finally:
        answers.update({name: group.end() for name, group in groups.items()})


# Who may do what.

AGENT, EDGE, BLOG, NOTES = "slipway", "slipway-edge", "app-blog", "app-notes"
STATE = "/var/lib/slipway"
REACHED: dict[tuple[str, str], set[str]] = {
    ("read", "/srv/blog/current/wp-config.php"): {AGENT, BLOG},
    ("read", "/srv/blog/current/index.php"): {AGENT, EDGE, BLOG},
    ("create", "/srv/blog/shared/wp-content/uploads"): {AGENT, BLOG},
    ("read", "/srv/notes/current/.slipway/users"): {AGENT, NOTES},
    ("read", "/srv/notes/shared/storage"): {AGENT, NOTES},
    ("create", "/srv/blog/releases"): {AGENT},
    ("write", "/srv/blog/journal.jsonl"): {AGENT},
    ("read", "/srv/blog/logins"): {AGENT},
    ("read", f"{STATE}/state/mariadb"): {AGENT},
    ("administer", f"slipway@{STATE}/run/mariadb.sock"): {AGENT},
    ("connect", f"{STATE}/run/mariadb.sock"): {AGENT, EDGE, BLOG, NOTES},
    ("connect", f"{STATE}/run/edge/admin.sock"): {AGENT, EDGE},
    ("connect", f"{STATE}/run/php/blog/php.sock"): {AGENT, EDGE, BLOG},
    ("connect", f"{STATE}/run/php/blog/uploads.sock"): {AGENT, EDGE, BLOG},
    ("connect", "/srv/notes/current/.slipway/run/notes.sock"): {AGENT, EDGE, NOTES},
    ("connect", "/run/slipway-app-notes/supervisord.sock"): {AGENT, NOTES},
    ("read", f"{STATE}/state/edge/pki/authorities/local/root.key"): {EDGE},
    ("create", "/opt/slipway"): set(),
    ("create", "/etc/slipway"): set(),
}
"""What each account of a server reaches, of what is attempted there."""


def test_on_a_server_no_component_reaches_another_or_what_deploys_it(line: CloudLine) -> None:
    line.inside("staging", "web-1", f"cat >/tmp/attack.py <<'END'\n{attackers.SCRIPT}\nEND")
    given = shlex.quote(json.dumps(list(REACHED)))
    found: dict[tuple[str, str], set[str]] = {target: set() for target in REACHED}
    for account in (AGENT, EDGE, BLOG, NOTES):
        attack = f"echo {given} | runuser -u {account} -- /usr/bin/python3 -I /tmp/attack.py"
        answers = json.loads(line.inside("staging", "web-1", attack).removeprefix("ATTACKED "))
        for target, answer in zip(REACHED, answers, strict=True):
            assert answer in (True, False), (target, answer)
            if answer:
                found[target].add(account)
    assert found == REACHED


def test_staging_s_credentials_cannot_see_production(line: CloudLine, cloud: Cloud) -> None:
    staging, production = line.projects["staging"], line.projects["production"]
    theirs = {server.id for server in production.compute.servers()}
    assert theirs
    assert not theirs & {server.id for server in staging.compute.servers()}
    for server in theirs:
        with pytest.raises(NotFoundException):
            staging.compute.get_server(server)
    project = str(production.current_project_id)
    with pytest.raises((ForbiddenException, NotFoundException)):
        staging.identity.get_project(project)
    with pytest.raises(ForbiddenException):
        list(staging.compute.servers(all_projects=True))
    own = staging.current_project_id
    for seen in (staging.network.ports(), staging.network.ips(), staging.network.routers()):
        assert {thing.project_id for thing in seen} <= {own}
    for theirs_too in production.network.networks(project_id=project):
        with pytest.raises(NotFoundException):
            staging.network.get_network(theirs_too.id)
    assert cloud.connect("admin").identity.get_project(project).name == "production"


def deploy(line: CloudLine, key: str, environment: str, words: str, known: str = "") -> str:
    """What a server of an environment answers to a deploy key, from this host; both streams."""
    host = line.hosts(environment)["web-1"]
    private = (line.layout.secrets / f"ssh-{key}").read_text()
    believed = known or f"{host.edge} {host.key}"
    script = ("ssh-agent", "bash", "-c", SCRIPT.read_text(), "remote_agent", believed, words, "")
    done = subprocess.run(
        (*script, f"web-1={host.edge}"),
        input=f"{private}\n\n",
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_a_deploy_key_runs_the_program_of_its_own_environment_and_nothing_else(
    line: CloudLine,
) -> None:
    assert '"current":' in deploy(line, "staging", "staging", "status specs")
    assert "Permission denied" in deploy(line, "staging", "production", "status specs")
    for words in ("id", "sh -c id", "cat /etc/passwd", ""):
        said = deploy(line, "staging", "staging", words)
        assert "uid=" not in said
        assert "root:" not in said
        assert "web-1: " in said


def test_nobody_is_believed_whose_host_key_the_console_did_not_show(line: CloudLine) -> None:
    staging, production = (line.hosts(name)["web-1"] for name in ("staging", "production"))
    for known in (f"{staging.edge} {production.key}", f"192.0.2.1 {staging.key}"):
        said = deploy(line, "staging", "staging", "status specs", known)
        assert "Host key verification failed" in said


def test_servers_are_found_again_and_nothing_is_made_twice(line: CloudLine) -> None:
    def ids() -> set[str]:
        return {
            server.id
            for project in line.projects.values()
            for server in project.compute.servers()
            if inventory.OWNER in server.metadata
        }

    before = ids()
    assert len(before) == 6
    started = line.inside("staging", "web-1", "systemctl show -P MainPID slipway-edge")
    assert "Nothing to change" in line.made("plan")
    assert "Servers: staging 3, production 3; 0 changes" in line.run()
    assert ids() == before
    assert line.inside("staging", "web-1", "systemctl show -P MainPID slipway-edge") == started
    assert line.named("staging", "blog", "web-1")


def declared(line: CloudLine, server: str, other: str) -> list[int]:
    """The ports of a server of staging that its roles open to another server of staging."""
    place = line.site.environment("staging")
    groups = openings.security_groups(place, [str(place.openstack.subnet)])
    own, others = (f"slipway-staging-{name.rpartition('-')[0]}" for name in (server, other))
    return sorted({rule.port for rule in groups[own] if rule.cidr or rule.group == others})


def scanned(line: CloudLine, server: str, environment: str, other: str) -> list[int]:
    """The ports of a server of staging that answer to another server."""
    address = inventory.records(line.layout, "staging")[server].host.address
    ports = line.inside(environment, other, f"python3 -c {shlex.quote(SCAN)} {address}")
    return [int(port) for port in json.loads(ports)]


@contextmanager
def stranger(line: CloudLine) -> Iterator[None]:
    """A program that listens on web-1 at a port that no role opens."""
    line.inside(
        "staging", "web-1", "systemd-run --quiet --unit=stranger python3 -m http.server 3306"
    )
    listening = "ss --no-header --tcp --listening --numeric '( sport = :3306 )'"
    until(lambda: line.inside("staging", "web-1", listening).strip(), "a listener", 20)
    try:
        yield
    finally:
        line.inside("staging", "web-1", "systemctl stop stranger")


@pytest.mark.parametrize("server", ["web-1", "watch-1"])
def test_a_server_is_reached_at_the_ports_that_its_roles_open_and_at_no_other(
    line: CloudLine, server: str
) -> None:
    """From each other server of the network, and from a project of another environment."""
    with stranger(line):
        for other in sorted({"web-1", "web-2", "watch-1"} - {server}):
            assert scanned(line, server, "staging", other) == declared(line, server, other)
        assert scanned(line, server, "production", "web-1") == []


def test_a_server_refuses_by_itself_what_its_security_group_would_let_in(line: CloudLine) -> None:
    network = line.projects["staging"].network
    group = next(network.security_groups(name="slipway-staging-web"))
    rule = network.create_security_group_rule(
        security_group_id=group.id, direction="ingress", ether_type="IPv4", protocol="tcp"
    )
    open_ports = declared(line, "web-1", "web-2")
    try:
        with stranger(line):
            line.inside("staging", "web-1", "nft delete table inet slipway")
            until(lambda: 3306 in scanned(line, "web-1", "staging", "web-2"), "an open group", 20)
            line.inside("staging", "web-1", "systemctl reload nftables")
            assert scanned(line, "web-1", "staging", "web-2") == open_ports
    finally:
        network.delete_security_group_rule(rule)


def test_components_cannot_read_their_server_s_user_data(line: CloudLine) -> None:
    ask = "curl --silent --show-error --max-time 5 --output /dev/null http://169.254.169.254:3128"
    line.inside("staging", "web-1", ask)
    for account in ("app-blog", "slipway-edge"):
        refused = f"! runuser --user {account} -- {ask} 2>&1"
        assert "Failed to connect" in line.inside("staging", "web-1", refused)


def test_no_line_is_lost_while_the_server_of_logs_cannot_be_reached(line: CloudLine) -> None:
    """Lines of a unit, written while the network of the server that writes them is cut."""
    web = inventory.records(line.layout, "staging")["web-1"].id
    (port,) = line.projects["staging"].network.ports(device_id=web)
    bridge = network.of_network(line.cloud.layout, port.network_id)
    device = f"p{port.id[:11]}"
    numbers = 'for each in $(seq 2000); do echo "number-$each"; done'
    network.ip("-n", bridge, "link", "set", device, "down")
    try:
        line.inside("staging", "web-1", f"({numbers}) | systemd-cat --identifier=numbers")
        pause = "systemctl show --property=NRestarts rsyslog; journalctl --unit rsyslog --no-pager"
        until(lambda: "suspended" in line.inside("staging", "web-1", pause), "a cut network", 60)
    finally:
        network.ip("-n", bridge, "link", "set", device, "up")
    received = "cat /var/log/servers/*/numbers.log 2>/dev/null || true"

    def count() -> int:
        lines = line.inside("staging", "watch-1", received).splitlines()
        return len({each.rpartition("number-")[2] for each in lines if "number-" in each})

    until(lambda: count() == 2000, "every line", 120)


def test_every_server_is_measured(line: CloudLine) -> None:
    query = "promtool query instant http://127.0.0.1:9090 'up{job=\"node\"}'"
    measured = line.inside("staging", "watch-1", query)
    for name in line.site.environment("staging").server_groups:
        assert re.search(rf'server="{name}".* => 1 ', measured), measured


def test_systemd_leaves_a_service_little_that_it_does_not_need(line: CloudLine) -> None:
    """`systemd-analyze security`, from 0 to 10: 3 is fine for a component, 9.6 is no protection."""
    listing = line.inside("staging", "web-1", "systemd-analyze security --no-pager")
    exposures = {
        unit.removeprefix("slipway-"): float(exposure)
        for unit, exposure, *_ in map(str.split, listing.splitlines())
        if unit.startswith("slipway-")
    }
    print(*exposures.items(), sep="\n")
    assert exposures.keys() == {
        *("edge.service", "database.service"),
        *(f"app-{c.name}.service" for c in line.site.components if c.has_processes),
    }
    assert max(exposures.values()) <= 3


def test_what_somebody_changed_on_a_server_is_reported_and_mended(line: CloudLine) -> None:
    def changes(*options: str) -> set[str]:
        found = preparation.apply(preparation.make_plan(line.site, line.layout), *options)
        events = [event for event in found if event.server == "staging/web-1"]
        assert not [event for event in events if event.error], events
        return {event.operation for event in events if event.changes}

    assert changes("--dry-run") == set()
    line.inside(
        "staging",
        "web-1",
        "echo '# by hand' >>/etc/systemd/system/slipway-edge.service; "
        "echo '; by hand' >>/var/lib/slipway/state/php-blog.conf; "
        "rm /etc/sysusers.d/slipway.conf; systemctl stop slipway-database; "
        "dpkg --purge --force-depends zstd",
    )
    wrong = {
        *("Debian packages", "File /etc/sysusers.d/slipway.conf", "Accounts", "Folders"),
        *("File /etc/systemd/system/slipway-edge.service", "Service edge"),
        *("File /var/lib/slipway/state/php-blog.conf", "Service blog", "Service database"),
    }
    assert changes("--dry-run") == wrong
    assert changes("--dry-run") == wrong, "looking changes nothing"
    assert changes() == wrong
    assert changes("--dry-run") == set()
    assert line.named("staging", "blog", "web-1")


def test_no_secret_lies_on_a_machine_that_does_not_need_it(line: CloudLine) -> None:
    """A deploy worker keeps no key in a file, and servers know nothing of other environments."""
    salt = (line.layout.secrets / "production-blog-salt").read_text().strip()
    search = f"grep -r -l -F -- '{salt}' /srv /var/lib/slipway /tmp /root 2>/dev/null || true"
    assert line.inside("production", "web-1", search).strip()
    assert not line.inside("staging", "web-1", search).strip()
    key = (line.layout.secrets / "ssh-production").read_text().splitlines()[2]
    for server in line.projects["production"].compute.servers():
        if server.metadata.get("slipway-worker") == "deploy-production":
            search = f"grep -r -l -F -- '{key}' /var/lib/slipway /tmp /root 2>/dev/null || true"
            done = line.cloud.inside(server.id, "sh", "-c", search)
            assert not done.stdout.strip()


@contextmanager
def replaced(line: CloudLine, texts: Mapping[str, str]) -> Iterator[None]:
    """Other texts in the file of staging while the block runs."""
    file = line.layout.site / "environments-openstack" / "staging.toml"
    before = now = file.read_text()
    for old, new in texts.items():
        assert old in now
        now = now.replace(old, new)
    file.write_text(now)
    try:
        yield
    finally:
        file.write_text(before)


def test_a_server_that_cannot_be_made_is_named_with_file_and_key(line: CloudLine) -> None:
    with replaced(line, {"count = 2": "count = 3", "slipway-server-*": "no-such-*"}):
        refused = line.make("run")
    assert refused.returncode != 0
    expected = "staging.toml: server web-3: key 'servers.web.image': no 'no-such-*'"
    assert expected in refused.stdout + refused.stderr
    assert line.named("staging", "blog", "web-1")


def test_a_server_that_got_lost_is_made_again_even_of_another_release_of_debian(
    line: CloudLine,
) -> None:
    before = line.hosts("staging")
    lost = inventory.records(line.layout, "staging")["web-2"].id
    compute = line.projects["staging"].compute
    server = compute.get_server(lost)
    compute.delete_server(server)
    compute.wait_for_delete(server)
    with replaced(line, {"slipway-server-*": "debian-12"}):
        line.run()
    after = line.hosts("staging")
    assert after["web-1"] == before["web-1"]
    assert after["web-2"].key != before["web-2"].key
    for name, release in (("web-1", TRIXIE), ("web-2", BOOKWORM)):
        assert described(line.inside("staging", name, "cat /etc/os-release")) == release
        assert release.php_fpm in line.inside("staging", name, "cat /etc/slipway/server.toml")
    assert line.page("staging", "blog", "/", "web-2").status == 503
    staged = change(line, "blog")
    assert line.everywhere("staging", "blog") == {"web-1": staged, "web-2": staged}
