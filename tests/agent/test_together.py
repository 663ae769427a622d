"""Several servers switch together: each verifies the release, then all keep it or all return."""

import pytest

from model.release import SHORT
from tests.agent import applications
from tests.agent.packaging import Release
from tests.agent.server_fixture import (
    ServerFixture,
    VerbResult,
)


def checked_release(php_server: ServerFixture, text: str) -> Release:
    """A new release, prepared, migrated and checked."""
    release = applications.blog(php_server, text)
    assert php_server.prepare(release).code == 0
    assert php_server.run_verb("rehearse", release).code == 0
    return release


def switch_together(php_server: ServerFixture, release: Release) -> VerbResult:
    return php_server.run_agent("switch", release.component, release.digest, "--together")


@pytest.mark.usefixtures("intact")
def test_an_undecided_switch_is_undone_with_its_database(php_server: ServerFixture) -> None:
    release = checked_release(php_server, "undecided")
    tables = php_server.run_sql("SHOW TABLES FROM testing_blog")
    switch = switch_together(php_server, release)
    assert switch.code == 0
    assert switch.last_line.startswith("answers in ")
    assert php_server.page("blog").headers["x-slipway-release"].partition("-")[0] == release.digest
    undo = php_server.run_agent("abandon", "blog", "--switched", release.digest)
    assert undo.code == 0
    assert "another server failed" in (php_server.directory("blog").journal.events()[-1].why or "")
    assert undo.last_line.startswith(f"{release.digest[:SHORT]}: returned to ")
    assert php_server.run_sql("SHOW TABLES FROM testing_blog") == tables


@pytest.mark.usefixtures("blog_restored")
def test_a_kept_switch_is_final(php_server: ServerFixture, blog: Release) -> None:
    release = checked_release(php_server, "kept")
    assert switch_together(php_server, release).code == 0
    assert "live" not in php_server.events("blog")[-1]
    keep = php_server.run_agent("keep", "blog", release.digest)
    assert keep.last_line == f"live, digest {release.digest[:SHORT]}"
    assert f"current: {release.digest}" in keep.stdout
    assert php_server.events("blog")[-1] == "live"
    assert php_server.run_agent("keep", "blog", release.digest).last_line.startswith("already live")
    undo = php_server.run_agent("abandon", "blog", "--switched", release.digest)
    assert undo.last_line == "no deployment was unfinished"
    assert php_server.page("blog").headers["x-slipway-release"].partition("-")[0] == release.digest
    assert php_server.run_agent("keep", "blog", blog.digest).code == 1


@pytest.mark.usefixtures("blog_restored")
def test_an_undecided_switch_is_finished_when_it_passes_its_checks(
    php_server: ServerFixture,
) -> None:
    release = checked_release(php_server, "undecided and working")
    assert switch_together(php_server, release).code == 0
    result = php_server.run_agent("abandon", "blog")
    assert "has passed its checks: it is live" in result.last_line


@pytest.mark.usefixtures("blog_restored")
def test_a_repeated_deployment_leaves_the_decision_open(php_server: ServerFixture) -> None:
    release = checked_release(php_server, "repeated")
    assert switch_together(php_server, release).code == 0
    again = php_server.prepare(release)
    assert again.last_line.endswith("is live already, and waits for the other servers")
    assert php_server.run_verb("rehearse", release).code == 0
    assert switch_together(php_server, release).code == 0
    undo = php_server.run_agent("abandon", "blog", "--switched", release.digest)
    assert ": returned to " in undo.last_line
    assert php_server.page("blog").headers["x-slipway-release"].partition("-")[0] != release.digest


@pytest.mark.usefixtures("intact")
def test_a_release_that_is_not_live_cannot_be_kept(php_server: ServerFixture) -> None:
    result = php_server.run_agent("keep", "blog", "0" * 64)
    assert result.code == 1
    assert "is not live here" in result.last_line
