"""Releases that are processes, on a real server: they start, answer, change and end."""

import json
import os
import signal
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent import instances
from agent.component_directory import CURRENT
from tests.agent import service_applications
from tests.agent.server_fixture import Release, World, gone, until
from tests.agent.visitors import visiting


def test_all_services_of_a_release_go_live_in_their_order(town: World, api: Release) -> None:
    new = service_applications.api(town, "ordered")
    assert town.deploy(new).code == 0
    page = town.page("api")
    assert page.status == 200
    assert "api ordered; salt pepper" in page.body
    assert f"cwd {town.directory('api').release(new.digest).resolve()}" in page.body
    told = json.loads(town.page("api", "/told", "feed").body)
    assert told["before"] == "web said 200"
    assert told["env"]["ADDRESS"] == town.environment.location("feed")
    assert told["headers"]["x-forwarded-proto"] == "https"
    every = [(new.digest[:12], name) for name in ("web", "feed", "inner")]
    assert town.running("api") == every
    assert town.deploy(api).code == 0


def test_a_python_release_goes_live(town: World) -> None:
    release = service_applications.notes(town, "one")
    assert town.deploy(release).code == 0
    page = town.page("notes")
    assert "notes one;" in page.body
    assert f"{town.directory('notes').release(release.digest)}/packages" in page.body
    executable = Path(f"/proc/{town.listening('notes', 'web')}/exe").readlink()
    assert executable == Path("/usr/bin/python3").resolve()


def test_a_process_finds_nothing_of_our_environment(town: World, api: Release) -> None:
    directory = town.directory("api")
    release = directory.release(api.digest)
    told = json.loads(town.page("api", "/told").body)
    assert told["env"].pop("PATH").startswith(f"{release}/node_modules/.bin:/usr/local/sbin:")
    assert told["env"].pop("SLIPWAY_SOCKET").startswith(str(town.server.sockets / "api"))
    assert told["env"] == {
        "HOME": str(directory.shared),
        "LANG": "C.UTF-8",
        "NODE_ENV": "production",
        "SALT": "pepper",
        "SLIPWAY_RELEASE": api.digest,
    }


@pytest.mark.usefixtures("api")
def test_the_edge_treats_every_host_of_a_component_alike(town: World) -> None:
    for label in ("api", "feed"):
        page = town.page("api", "/", label)
        assert page.headers["strict-transport-security"] == "max-age=31536000"
        assert page.headers["x-robots-tag"] == "noindex, nofollow"
        assert town.page("api", "/robots.txt", label).body == "User-agent: *\nDisallow: /\n"
        for path in ("/hidden", "/.slipway/web.env", "/.slipway/run/web.sock"):
            assert town.page("api", path, label).status == 404
    location = town.environment.location("feed")
    assert town.plain("api", "/a?b=c", "feed") == (308, f"{location}a?b=c")


@pytest.mark.usefixtures("api")
def test_files_of_a_release_are_not_served_but_its_digest_is(town: World, api: Release) -> None:
    for label in ("api", "feed"):
        told = town.page("api", "/.well-known/slipway-release", label)
        assert told.body == f"{api.digest}\n"
    for path in ("/web.js", "/data/shipped.txt"):
        assert "api one" in town.page("api", path).body


def test_settings_are_readable_for_the_process_alone(town: World, api: Release) -> None:
    release = town.directory("api").release(api.digest)
    file = (release / ".slipway/web.env").stat()
    assert stat.S_IMODE(file.st_mode) == 0o400
    process = Path(f"/proc/{town.listening('api', 'web')}").stat()
    assert file.st_uid == process.st_uid
    folder = instances.socket_folder(town.server, "api", api.digest).stat()
    assert stat.S_IMODE(folder.st_mode) & 0o027 == 0
    plans = [path.read_text() for path in town.server.services.iterdir()]
    assert not any("pepper" in text for text in plans)


def test_a_live_release_is_only_proved(town: World, api: Release) -> None:
    before = town.listening("api", "web")
    assert town.prepare(api).last == "already here, configured 2 templates, 0 changed"
    assert town.on("check", api).last == "1 checks hold before the switch"
    assert town.on("switch", api).last == f"already live, digest {api.digest[:12]}"
    assert town.listening("api", "web") == before


def test_a_switch_and_the_way_back(town: World, api: Release) -> None:
    new = service_applications.api(town, "two")
    old = town.listening("api", "web")
    assert town.prepare(new).code == 0
    assert town.on("check", new).code == 0
    assert "api one" in town.page("api").body
    assert {release for release, _ in town.running("api")} == {api.digest[:12], new.digest[:12]}
    assert town.on("switch", new).code == 0
    assert "api two" in town.page("api").body
    assert "api two" in town.page("api", "/", "feed").body
    assert gone(old)
    assert {release for release, _ in town.running("api")} == {new.digest[:12]}
    assert not instances.socket_folder(town.server, "api", api.digest).exists()
    assert town.on("switch", api).last.startswith("live in ")
    assert "api one" in town.page("api", "/", "feed").body
    assert {release for release, _ in town.running("api")} == {api.digest[:12]}


@pytest.mark.usefixtures("api")
def test_a_killed_process_comes_back_and_requests_wait_for_it(town: World) -> None:
    before = town.listening("api", "web")
    os.kill(before, signal.SIGKILL)
    until(lambda: gone(before))
    page = town.page("api")
    assert page.status == 200
    assert "api one" in page.body
    assert town.listening("api", "web") != before


def test_live_processes_come_back_with_their_supervisor(town: World, api: Release) -> None:
    before = [town.listening("api", name) for name in ("web", "feed", "inner")]
    town.supervisord.kill()
    assert not any(gone(process) for process in before)
    town.supervisord.start()
    until(lambda: all(gone(process) for process in before))
    until(lambda: "api one" in town.page("api", "/", "feed").body)
    assert town.on("switch", api).code == 0
    assert len(town.running("api")) == 3


def test_a_rotated_secret_replaces_processes_without_failing_requests(
    town: World, api: Release
) -> None:
    before = {name: town.listening("api", name) for name in ("web", "feed")}
    with visiting(town, "api", "api", "feed") as visits:
        done = town.prepare(api, {"salt": "cinnamon"})
        assert done.last == "already here, configured 2 templates, 1 changed"
        until(lambda: "salt cinnamon" in town.page("api").body)
    assert visits.failed == []
    after = {name: town.listening("api", name) for name in ("web", "feed")}
    assert all(gone(before[name]) for name in before if before[name] != after[name])
    assert after["web"] != before["web"]
    assert len(town.running("api")) == 3
    assert town.prepare(api).code == 0
    assert "salt pepper" in town.page("api").body
    assert town.call("abandon", "api").code == 0


def test_no_request_fails_while_releases_change(town: World, api: Release) -> None:
    new = service_applications.api(town, "two")
    assert town.prepare(new).code == 0
    assert town.on("check", new).code == 0
    with visiting(town, "api", "api", "feed") as visits:
        for release in (new, api, new, api):
            assert town.on("switch", release).code == 0
    assert visits.failed == []
    assert {kind for kind, _ in visits.seen} == {"GET", "POST", "slow"}
    assert {version for _, version in visits.seen} == {"api one", "api two"}


def test_from_the_moment_of_the_switch_no_request_reaches_the_release_before(
    town: World, api: Release
) -> None:
    new = service_applications.api(town, "next")
    assert town.prepare(new).code == 0
    assert town.on("check", new).code == 0
    directory = town.directory("api")
    for release, text in ((new, "api next"), (api, "api one")) * 3:
        directory.set_link(CURRENT, release.digest)
        assert text in town.page("api").body
        assert text in town.page("api", "/", "feed").body
    assert town.call("abandon", "api").code == 0


def test_the_old_release_finishes_the_requests_that_it_began(town: World, api: Release) -> None:
    new = service_applications.api(town, "slower")
    assert town.prepare(new).code == 0
    assert town.on("check", new).code == 0
    connection = town.visitor("api")
    old = town.listening("api", "web")
    connection.request("POST", "/slow", body="words", headers={"Host": town.host("api")})
    assert town.on("switch", new).code == 0
    answer = connection.getresponse()
    assert (answer.status, answer.read()[:24]) == (200, b"api one; salt pepper; bo")
    assert gone(old)
    assert town.on("switch", api).code == 0


def test_pruning_ends_nothing_that_is_live(town: World) -> None:
    releases = [service_applications.notes(town, version) for version in ("1", "2", "3", "4")]
    for release in releases:
        assert town.deploy(release).code == 0
        assert town.running("notes") == [(release.digest[:12], "web")]
        assert f"notes {releases.index(release) + 1};" in town.page("notes").body
    assert set(town.directory("notes").installed_digests()) == {
        release.digest for release in releases[2:]
    }


ONE_AT_A_TIME = (
    service_applications.PYTHON.replace("socketserver.ThreadingMixIn, ", "")
    .replace(
        "    def log_message",
        """    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/slow":
            print("began", flush=True)
            time.sleep(1)
        self.do_GET()

    def log_message""",
    )
    .replace("import os, signal", "import os, time, signal")
)


def test_those_who_wait_at_the_old_release_are_let_in_before_it_ends(town: World) -> None:
    def release(version: str) -> Release:
        files = {"app.py": ONE_AT_A_TIME, "packages/greeting.py": f"VERSION = '{version}'\n"}
        return town.release("notes", files)

    assert town.deploy(release("patient")).code == 0
    later = release("later")
    assert town.prepare(later).code == 0
    assert town.on("migrate", later).code == 0
    assert town.on("check", later).code == 0

    def post(path: str) -> str:
        connection = town.visitor("notes")
        connection.request("POST", path, "words", {"Host": town.host("notes")})
        answer = connection.getresponse()
        return f"{answer.status} {answer.read().decode().partition(';')[0]}"

    with ThreadPoolExecutor(5) as pool:
        slow = pool.submit(post, "/slow")
        logs = [instance.log for instance in instances.find_instances(town.directory("notes"))]
        until(lambda: any("began" in log.read_text() for log in logs))
        queued = [pool.submit(post, "/") for _ in range(4)]
        assert town.on("switch", later).code == 0
        assert slow.result() == "200 notes patient"
        assert {each.result()[:9] for each in queued} == {"200 notes"}
    assert "notes later" in town.page("notes").body


FORGED = {
    "SCRIPT_NAME": "/x",
    "X_Forwarded_For": "1.2.3.4",
    "X-Forwarded-Port": "1",
    "X-Forwarded-Prefix": "/x",
    "X-Real-IP": "1.2.3.4",
    "Forwarded": "for=1.2.3.4",
}


def test_what_only_an_edge_may_say_is_not_taken_from_visitors(town: World, api: Release) -> None:
    del api
    connection = town.visitor("api")
    connection.request("GET", "/told", headers={"Host": town.host("api"), **FORGED})
    told = json.loads(connection.getresponse().read())["headers"]
    connection.close()
    assert not {name.lower() for name in FORGED} & {*told}
    assert told["x-forwarded-proto"] == "https"
    assert "1.2.3.4" not in told["x-forwarded-for"]


def test_a_rollback_tells_where_the_log_is_and_not_what_is_in_it(town: World, api: Release) -> None:
    """Nobody who reads its outcome knows the secrets that would have to be hidden."""
    flag = town.directory("api").server.state / "sick"
    feed = f"if (require('fs').existsSync('{flag}')) throw new Error('the secret is ' + 'x');"
    first = service_applications.api(town, "first", feed=feed)
    assert town.deploy(first).code == 0
    assert town.deploy(service_applications.api(town, "second")).code == 0
    flag.touch()
    done = town.call("switch", "api", first.digest)
    flag.unlink()
    assert done.code == 1
    assert "service feed of api died" in done.last
    log = town.server.log / f"api.feed.{first.digest[:12]}.log"
    assert f"its log on the server is {log}" in done.last
    assert "the secret is" not in done.stdout + done.stderr
    assert town.deploy(api).code == 0
