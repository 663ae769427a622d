"""Processes that do not do their work: the old release goes on, and nothing is left running."""

from pathlib import Path

import pytest

from agent import instances, listeners
from agent.component_directory import NEXT
from agent.failure import Failure
from agent.readiness import LogExcerpt
from model.component import Check
from model.release import Manifest
from tests.agent import service_applications
from tests.agent.server_fixture import Release, World, until

pytestmark = pytest.mark.usefixtures("same")


def stays(api: Release) -> str:
    return f": {api.digest[:12]} stays live"


def test_a_service_that_is_not_healthy_is_named(town: World, api: Release) -> None:
    sick = "if (request.url === '/health') { response.statusCode = 500; console.log('no luck');"
    new = service_applications.api(town, "sick", feed=f"{sick} return response.end('oops'); }}")
    assert town.prepare(new).code == 0
    done = town.on("check", new)
    assert done.code == 1
    assert done.last.startswith(
        "service feed of api is not healthy: GET /health -> 500 'oops', expected 200; its log ends:"
    )
    assert "no luck" in done.last
    assert done.last.endswith(stays(api))


def test_a_service_that_dies_is_named_with_its_last_words(town: World, api: Release) -> None:
    new = service_applications.api(town, "dead", feed="throw new Error('out of luck');")
    assert town.prepare(new).code == 0
    done = town.on("check", new)
    assert done.code == 1
    assert done.last.startswith("service feed of api died: GET /health -> no answer")
    assert "its log ends: Error: out of luck | Node.js v" in done.last
    assert "    at Timeout." in done.stdout or "    at Server." in done.stdout
    assert done.last.endswith(stays(api))


def test_the_database_password_is_hidden_in_what_a_log_is_quoted_with(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before\nAccess denied for hunter2hunter2\n")
    excerpt = LogExcerpt(log, len("before\n"), secret="hunter2hunter2")
    assert excerpt.ending == "its log ends: Access denied for <password>"
    assert LogExcerpt(log, 0, secret=None).lines == []


def test_a_program_that_is_not_there_is_named(town: World) -> None:
    service = service_applications.NOTES.services[0].model_copy(
        update={"command": ("gunikorn", "{socket}")}
    )
    manifest = Manifest.of(service_applications.NOTES).model_copy(update={"services": (service,)})
    done = town.deploy(service_applications.notes(town, "none", manifest))
    assert done.code == 1
    assert done.last.startswith("service web of notes died: GET / -> no answer")
    assert "its log ends: there is no program gunikorn" in done.last


def test_settings_that_are_none_are_named(town: World, api: Release) -> None:
    done = town.deploy(
        service_applications.api(town, "two", settings="SALT={{ secrets.salt }}\nnot a setting\n")
    )
    assert done.code == 1
    assert ".slipway/web.env: line 2 is not NAME=value" in done.last
    assert done.last.endswith(stays(api))


def test_a_secret_that_is_not_declared_is_named(town: World, api: Release) -> None:
    done = town.prepare(
        service_applications.api(town, "two", settings="SUGAR={{ secrets.sugar }}\n")
    )
    assert done.code == 1
    assert "uses secret 'sugar', which component api in environment testing does not" in done.last
    assert done.last.endswith(stays(api))


def test_the_address_of_a_service_without_a_host_is_not_made_up(town: World) -> None:
    done = town.prepare(
        service_applications.api(town, "two", settings="INNER={{ services.inner.url }}\n")
    )
    assert done.code == 1
    assert "template .slipway/web.env.j2: 'dict object' has no attribute 'url'" in done.last


@pytest.mark.parametrize("wanted", ["5.*", "20", "*.x"])
def test_another_version_of_the_runtime_is_refused(wanted: str, town: World, api: Release) -> None:
    manifest = Manifest.of(service_applications.API).model_copy(update={"runtime_version": wanted})
    new = service_applications.api(town, "two", manifest=manifest)
    assert town.prepare(new).code == 0
    done = town.on("migrate", new)
    assert done.code == 1
    assert done.last.startswith(f"api needs node {wanted}; this server has ")
    assert done.last.endswith(stays(api))


def test_a_page_that_is_wrong_ends_what_was_started(town: World, api: Release) -> None:
    manifest = Manifest.of(service_applications.API).model_copy(
        update={"checks": (Check(contains="welcome"),)}
    )
    done = town.deploy(service_applications.api(town, "two", manifest=manifest))
    assert done.code == 1
    assert "expected it to contain 'welcome'" in done.last
    assert done.last.endswith(stays(api))


def test_a_further_host_that_is_not_reached_is_named(town: World, api: Release) -> None:
    """Healthy when asked directly, not when asked as visitors do."""
    sick = "if (request.headers['x-forwarded-host']) response.statusCode = 501;"
    done = town.deploy(service_applications.api(town, "two", feed=sick))
    assert done.code == 1
    location = town.environment.location("feed")
    assert done.last.startswith(f"service feed: GET {location}health -> 501")
    assert done.last.endswith(stays(api))


def test_a_socket_that_another_release_answers_is_not_believed(town: World, api: Release) -> None:
    new = service_applications.api(town, "thief")
    assert town.prepare(new).code == 0
    assert town.on("check", new).code == 0
    mine, theirs = (
        instances.service_socket(town.server, "api", r.digest, "web") for r in (new, api)
    )
    mine.unlink()
    mine.symlink_to(theirs.resolve())
    directory = town.directory("api")
    with pytest.raises(
        Failure, match=f"web is answered from {directory.release(api.digest)}, not by"
    ):
        listeners.verify_listener(directory, NEXT, new.digest, service_applications.API.services[0])
    assert town.call("abandon", "api").code == 0


def test_without_a_supervisor_nothing_changes_and_it_is_said(town: World, api: Release) -> None:
    new = service_applications.api(town, "two")
    assert town.prepare(new).code == 0
    town.supervisord.kill()
    try:
        done = town.on("check", new)
        assert done.code == 1
        assert done.last.startswith(f"supervisord does not answer at {town.server.supervisor}")
        assert "api one" in town.page("api").body
    finally:
        town.supervisord.start()
        until(town.supervisord.runs)
    assert town.call("abandon", "api").code == 0
    assert {release for release, _ in town.running("api")} == {api.digest[:12]}
