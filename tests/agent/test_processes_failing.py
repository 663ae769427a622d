"""Processes that fail: the old release stays live, and the new processes are ended."""

from pathlib import Path

import pytest

from agent import listeners, service_process
from agent.component_directory import NEXT
from agent.errors import AgentError
from agent.readiness import LogExcerpt
from agent.supervisor import supervisor_of
from model.component import Check
from model.release import Manifest
from tests.agent import service_applications
from tests.agent.packaging import Release
from tests.agent.server_fixture import ServerFixture
from tests.agent.waiting import wait_until

pytestmark = pytest.mark.usefixtures("unchanged")


def stays(api: Release) -> str:
    return f": {api.digest[:12]} stays live"


def test_a_service_that_is_not_healthy_is_named(
    process_server: ServerFixture, api: Release
) -> None:
    sick = "if (request.url === '/health') { response.statusCode = 500; console.log('no luck');"
    new = service_applications.api(
        process_server, "sick", feed=f"{sick} return response.end('oops'); }}"
    )
    assert process_server.prepare(new).code == 0
    result = process_server.run_verb("rehearse", new)
    assert result.code == 1
    assert result.last_line.startswith(
        "service feed of api is not healthy: GET /health -> 500 'oops', expected 200; its log ends:"
    )
    assert "no luck" in result.last_line
    assert result.last_line.endswith(stays(api))


def test_a_service_that_dies_is_named_with_the_end_of_its_log(
    process_server: ServerFixture, api: Release
) -> None:
    new = service_applications.api(process_server, "dead", feed="throw new Error('out of luck');")
    assert process_server.prepare(new).code == 0
    result = process_server.run_verb("rehearse", new)
    assert result.code == 1
    assert result.last_line.startswith("service feed of api died: GET /health -> no answer")
    assert "its log ends: Error: out of luck | Node.js v" in result.last_line
    assert "    at Timeout." in result.stdout or "    at Server." in result.stdout
    assert result.last_line.endswith(stays(api))


def test_the_database_password_is_hidden_in_a_quoted_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before\nAccess denied for hunter2hunter2\n")
    excerpt = LogExcerpt(log, len("before\n"), secret="hunter2hunter2")
    assert excerpt.ending == "its log ends: Access denied for <password>"
    assert LogExcerpt(log, 0, secret=None).lines == []


def test_a_missing_program_is_named(process_server: ServerFixture) -> None:
    service = service_applications.NOTES.services[0].model_copy(
        update={"command": ("gunikorn", "{socket}")}
    )
    manifest = Manifest.of(service_applications.NOTES).model_copy(update={"services": (service,)})
    result = process_server.deploy(service_applications.notes(process_server, "none", manifest))
    assert result.code == 1
    assert result.last_line.startswith("service web of notes died: GET / -> no answer")
    assert "its log ends: there is no program gunikorn" in result.last_line


def test_a_malformed_settings_file_is_named(process_server: ServerFixture, api: Release) -> None:
    result = process_server.deploy(
        service_applications.api(
            process_server, "two", settings="SALT={{ secrets.salt }}\nnot a setting\n"
        )
    )
    assert result.code == 1
    assert ".slipway/web.env: line 2 is not NAME=value" in result.last_line
    assert result.last_line.endswith(stays(api))


def test_a_secret_that_is_not_declared_is_named(
    process_server: ServerFixture, api: Release
) -> None:
    result = process_server.prepare(
        service_applications.api(process_server, "two", settings="SUGAR={{ secrets.sugar }}\n")
    )
    assert result.code == 1
    assert (
        "uses secret 'sugar', which component api in environment testing does not"
        in result.last_line
    )
    assert result.last_line.endswith(stays(api))


def test_a_service_without_a_host_has_no_url(
    process_server: ServerFixture,
) -> None:
    result = process_server.prepare(
        service_applications.api(process_server, "two", settings="INNER={{ services.inner.url }}\n")
    )
    assert result.code == 1
    assert (
        "template .slipway/web.env.j2, line 1: 'dict object' has no attribute 'url'"
        in result.last_line
    )


@pytest.mark.parametrize("required", ["5.*", "20", "*.x"])
def test_another_version_of_the_runtime_is_refused(
    required: str, process_server: ServerFixture, api: Release
) -> None:
    manifest = Manifest.of(service_applications.API).model_copy(
        update={"runtime_version": required}
    )
    new = service_applications.api(process_server, "two", manifest=manifest)
    assert process_server.prepare(new).code == 0
    result = process_server.run_verb("rehearse", new)
    assert result.code == 1
    assert result.last_line.startswith(f"api needs node {required}; this server has ")
    assert result.last_line.endswith(stays(api))


def test_a_wrong_page_ends_the_new_processes(process_server: ServerFixture, api: Release) -> None:
    manifest = Manifest.of(service_applications.API).model_copy(
        update={"checks": (Check(contains="welcome"),)}
    )
    result = process_server.deploy(
        service_applications.api(process_server, "two", manifest=manifest)
    )
    assert result.code == 1
    assert "expected it to contain 'welcome'" in result.last_line
    assert result.last_line.endswith(stays(api))


def test_an_unhealthy_second_host_is_named(process_server: ServerFixture, api: Release) -> None:
    """The service is healthy at its socket, and fails behind the edge."""
    sick = "if (request.headers['x-forwarded-host']) response.statusCode = 501;"
    result = process_server.deploy(service_applications.api(process_server, "two", feed=sick))
    assert result.code == 1
    location = process_server.environment.location("feed")
    assert result.last_line.startswith(f"service feed: GET {location}health -> 501")
    assert result.last_line.endswith(stays(api))


def test_a_socket_that_another_release_answers_is_refused(
    process_server: ServerFixture, api: Release
) -> None:
    new = service_applications.api(process_server, "thief")
    assert process_server.prepare(new).code == 0
    assert process_server.run_verb("rehearse", new).code == 0
    mine, theirs = (
        service_process.service_socket(
            process_server.settings, "api", process_server.instance(r).short, "web"
        )
        for r in (new, api)
    )
    mine.unlink()
    mine.symlink_to(theirs.resolve())
    directory = process_server.directory("api")
    with pytest.raises(
        AgentError, match=f"web is answered by testing.api.{process_server.instance(api).short}.web"
    ):
        listeners.verify_listener(
            directory, NEXT, process_server.instance(new), service_applications.API.services[0]
        )
    assert process_server.run_agent("abandon", "api").code == 0


def test_without_a_supervisor_the_check_fails_and_nothing_changes(
    process_server: ServerFixture, api: Release
) -> None:
    new = service_applications.api(process_server, "two")
    assert process_server.prepare(new).code == 0
    process_server.supervisord.kill()
    try:
        result = process_server.run_verb("rehearse", new)
        assert result.code == 1
        assert result.last_line.startswith(
            f"supervisord does not answer at {supervisor_of(process_server.settings, 'api').socket}"
        )
        assert "api one" in process_server.page("api").body
    finally:
        process_server.supervisord.start()
        wait_until(process_server.supervisord.runs)
    assert process_server.run_agent("abandon", "api").code == 0
    assert {release for release, _ in process_server.running_services("api")} == {api.digest[:12]}
