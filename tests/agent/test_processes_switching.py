"""Switches between releases with processes: no request fails, and the old processes end."""

from concurrent.futures import ThreadPoolExecutor

from agent import service_process
from agent.component_directory import CURRENT
from tests.agent import service_applications
from tests.agent.packaging import Release
from tests.agent.server_fixture import ServerFixture
from tests.agent.visitors import visiting
from tests.agent.waiting import has_ended, wait_until


def test_a_switch_and_the_way_back(process_server: ServerFixture, api: Release) -> None:
    new = service_applications.api(process_server, "two")
    old = process_server.live_process("api", "web")
    assert process_server.prepare(new).code == 0
    assert process_server.run_verb("rehearse", new).code == 0
    assert "api one" in process_server.page("api").body
    assert {release for release, _ in process_server.running_services("api")} == {
        api.digest[:12],
        new.digest[:12],
    }
    assert process_server.run_verb("switch", new).code == 0
    assert "api two" in process_server.page("api").body
    assert "api two" in process_server.page("api", "/", "feed").body
    assert has_ended(old)
    assert {release for release, _ in process_server.running_services("api")} == {new.digest[:12]}
    assert not service_process.socket_folder(
        process_server.settings, "api", process_server.instance(api).short
    ).exists()
    assert process_server.run_verb("switch", api).last_line.startswith("live in ")
    assert "api one" in process_server.page("api", "/", "feed").body
    assert {release for release, _ in process_server.running_services("api")} == {api.digest[:12]}


def test_a_rotated_secret_replaces_processes_without_failing_requests(
    process_server: ServerFixture, api: Release
) -> None:
    before = {name: process_server.live_process("api", name) for name in ("web", "feed")}
    with visiting(process_server, "api", "api", "feed") as visits:
        secrets = {"salt": "cinnamon"}
        result = process_server.prepare(api, secrets)
        assert result.last_line == "already live; new configuration: .slipway/web.env"
        assert process_server.rehearse(api, secrets).code == 0
        assert "salt pepper" in process_server.page("api").body
        assert process_server.run_verb("switch", api).code == 0
        assert "salt cinnamon" in process_server.page("api").body
    assert visits.failed == []
    after = {name: process_server.live_process("api", name) for name in ("web", "feed")}
    assert all(has_ended(before[name]) for name in before if before[name] != after[name])
    assert after["web"] != before["web"]
    assert len(process_server.running_services("api")) == 3
    assert process_server.deploy(api).code == 0
    assert "salt pepper" in process_server.page("api").body


def test_no_request_fails_while_releases_change(
    process_server: ServerFixture, api: Release
) -> None:
    new = service_applications.api(process_server, "two")
    assert process_server.prepare(new).code == 0
    assert process_server.run_verb("rehearse", new).code == 0
    with visiting(process_server, "api", "api", "feed") as visits:
        for release in (new, api, new, api):
            assert process_server.run_verb("switch", release).code == 0
    assert visits.failed == []
    assert {kind for kind, _ in visits.seen} == {"GET", "POST", "slow"}
    assert {version for _, version in visits.seen} == {"api one", "api two"}


def test_from_the_moment_of_the_switch_no_request_reaches_the_release_before(
    process_server: ServerFixture, api: Release
) -> None:
    new = service_applications.api(process_server, "next")
    assert process_server.prepare(new).code == 0
    assert process_server.run_verb("rehearse", new).code == 0
    directory = process_server.directory("api")
    for release, text in ((new, "api next"), (api, "api one")) * 3:
        directory.set_link(CURRENT, process_server.instance(release))
        assert text in process_server.page("api").body
        assert text in process_server.page("api", "/", "feed").body
    assert process_server.run_agent("abandon", "api").code == 0


def test_the_old_release_finishes_the_requests_that_it_began(
    process_server: ServerFixture, api: Release
) -> None:
    new = service_applications.api(process_server, "slower")
    assert process_server.prepare(new).code == 0
    assert process_server.run_verb("rehearse", new).code == 0
    connection = process_server.open_connection("api")
    old = process_server.live_process("api", "web")
    connection.request("POST", "/slow", body="words", headers={"Host": process_server.host("api")})
    assert process_server.run_verb("switch", new).code == 0
    response = connection.getresponse()
    assert (response.status, response.read()[:24]) == (200, b"api one; salt pepper; bo")
    assert has_ended(old)
    assert process_server.run_verb("switch", api).code == 0


def test_pruning_ends_nothing_that_is_live(process_server: ServerFixture) -> None:
    releases = [
        service_applications.notes(process_server, version) for version in ("1", "2", "3", "4")
    ]
    for release in releases:
        assert process_server.deploy(release).code == 0
        assert process_server.running_services("notes") == [(release.digest[:12], "web")]
        assert f"notes {releases.index(release) + 1};" in process_server.page("notes").body
    assert set(process_server.directory("notes").installed_digests()) == {
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
            time.sleep(1)  # the agent must find a request that takes longer than the switch
        self.do_GET()

    def log_message""",
    )
    .replace("import os, signal", "import os, time, signal")
)


def test_the_old_release_answers_the_requests_in_its_queue_before_it_ends(
    process_server: ServerFixture,
) -> None:
    def release(version: str) -> Release:
        files = {"app.py": ONE_AT_A_TIME, "packages/greeting.py": f"VERSION = '{version}'\n"}
        return process_server.build_release("notes", files)

    assert process_server.deploy(release("patient")).code == 0
    later = release("later")
    assert process_server.prepare(later).code == 0
    assert process_server.run_verb("rehearse", later).code == 0

    def post(path: str) -> str:
        connection = process_server.open_connection("notes")
        connection.request("POST", path, "words", {"Host": process_server.host("notes")})
        response = connection.getresponse()
        return f"{response.status} {response.read().decode().partition(';')[0]}"

    with ThreadPoolExecutor(5) as pool:
        slow = pool.submit(post, "/slow")
        logs = [
            instance.log
            for instance in service_process.find_processes(process_server.directory("notes"))
        ]
        wait_until(lambda: any("began" in log.read_text() for log in logs))
        queued = [pool.submit(post, "/") for _ in range(4)]
        assert process_server.run_verb("switch", later).code == 0
        assert slow.result() == "200 notes patient"
        assert {each.result()[:9] for each in queued} == {"200 notes"}
    assert "notes later" in process_server.page("notes").body


def test_a_failed_rollback_names_the_log_and_does_not_quote_it(
    process_server: ServerFixture, api: Release
) -> None:
    """A rollback has no secrets, so it could not hide them in a quoted log."""
    flag = process_server.directory("api").server.state / "sick"
    feed = f"if (require('fs').existsSync('{flag}')) throw new Error('the secret is ' + 'x');"
    first = service_applications.api(process_server, "first", feed=feed)
    assert process_server.deploy(first).code == 0
    assert process_server.deploy(service_applications.api(process_server, "second")).code == 0
    flag.touch()
    result = process_server.run_agent("switch", "api", first.digest)
    flag.unlink()
    assert result.code == 1
    assert "service feed of api died" in result.last_line
    folder = process_server.settings.component_log("api")
    log = folder / f"feed.{process_server.instance(first).short}.log"
    assert f"its log on the server is {log}" in result.last_line
    assert "the secret is" not in result.stdout + result.stderr
    assert process_server.deploy(api).code == 0
