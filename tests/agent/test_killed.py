"""kill -9 at every point: a whole release is live, and the next verb ends the deployment."""

from collections.abc import Callable

import pytest

from agent.journal import EventName
from tests.agent import applications
from tests.agent.packaging import Release
from tests.agent.server_fixture import ServerFixture
from tests.agent.waiting import wait_until

pytestmark = pytest.mark.usefixtures("intact")

SLOW = "usleep(500000);"


def kill_at(php_server: ServerFixture, verb: str, release: Release, event: EventName) -> None:
    """Run a verb and kill it as soon as the journal shows the event."""
    seen = len(php_server.directory("blog").journal.events())
    kill_when(php_server, verb, release, lambda: event in php_server.events("blog")[seen:])


def kill_switched(php_server: ServerFixture, release: Release) -> None:
    """Kill a switch after it has changed the link, while its checks run."""
    kill_when(
        php_server, "switch", release, lambda: php_server.directory("blog").live == release.digest
    )


def kill_when(
    php_server: ServerFixture, verb: str, release: Release, condition: Callable[[], bool]
) -> None:
    process = php_server.start(verb, release)
    wait_until(condition)
    process.kill()
    process.communicate()
    assert process.returncode == -9


def assert_blog_one_is_live(php_server: ServerFixture) -> None:
    assert "blog one; " in php_server.page("blog").body


def test_while_it_prepares(php_server: ServerFixture, blog: Release) -> None:
    new = applications.blog(php_server, "large", files={"large": "x" * 30_000_000})
    kill_at(php_server, "prepare", new, "preparing")
    assert_blog_one_is_live(php_server)
    assert php_server.prepare(new).last_line == "unpacked and configured 11 files"
    result = php_server.run_agent("abandon", "blog")
    assert result.last_line == f"{new.digest[:12]} was unfinished: {blog.digest[:12]} stays live"


def test_while_it_rehearses_its_migration(php_server: ServerFixture, blog: Release) -> None:
    new = applications.blog(php_server, "slow", migration=f"{applications.SPOIL} sleep(120);")
    assert php_server.prepare(new).code == 0
    copy = "testing_blog$copy"
    kill_when(php_server, "rehearse", new, lambda: has_empty_notes(php_server, copy))
    assert_blog_one_is_live(php_server)
    result = php_server.run_agent("abandon", "blog")
    assert result.last_line == f"{new.digest[:12]} was unfinished: {blog.digest[:12]} stays live"
    assert copy not in php_server.run_sql("SHOW DATABASES; SELECT user FROM mysql.user")


def has_empty_notes(php_server: ServerFixture, schema: str) -> bool:
    exists = f"SELECT 1 FROM information_schema.tables WHERE table_schema = '{schema}'"  # noqa: S608  # ours
    count = f"SELECT COUNT(*) FROM `{schema}`.notes"  # noqa: S608  # ours
    return bool(php_server.run_sql(exists)) and php_server.run_sql(count).strip() == "0"


def test_by_its_own_migration(php_server: ServerFixture) -> None:
    kill = "{ posix_kill(posix_getppid(), SIGKILL); sleep(120); }"
    migration = f"{applications.SPOIL} {applications.NO_REHEARSAL} {kill}"
    new = applications.blog(php_server, "killing", migration=migration)
    assert php_server.prepare(new).code == 0
    assert php_server.run_verb("rehearse", new).code == 0
    assert php_server.run_verb("switch", new).code == -9
    assert "blog one; notes ;" in php_server.page("blog").body
    result = php_server.run_verb("switch", new)
    assert "was interrupted: prepare it again: " in result.last_line
    assert result.last_line.endswith("stays live; database restored")
    assert php_server.run_agent("abandon", "blog").last_line == "no deployment was unfinished"


def test_while_its_migration_runs(php_server: ServerFixture) -> None:
    migration = f"{applications.COMMENT} {applications.NO_REHEARSAL} sleep(120);"
    new = applications.blog(php_server, "slow", migration=migration)
    assert php_server.prepare(new).code == 0
    assert php_server.run_verb("rehearse", new).code == 0
    kill_at(php_server, "switch", new, "migrating")
    assert_blog_one_is_live(php_server)
    assert "database restored" in php_server.run_agent("abandon", "blog").last_line


def test_between_its_verbs(php_server: ServerFixture, blog: Release) -> None:
    new = applications.blog(php_server, "two", migration=applications.COMMENT)
    assert php_server.prepare(new).code == 0
    assert php_server.run_verb("rehearse", new).code == 0
    assert_blog_one_is_live(php_server)
    result = php_server.run_verb("switch", blog)
    assert f"{new.digest[:12]} was unfinished: {blog.digest[:12]} stays live" in result.stdout
    assert result.last_line == f"already live, digest {blog.digest[:12]}"


@pytest.mark.parametrize("verb", ["switch", "prepare"])
def test_after_the_switch_and_before_the_checks(
    verb: str, php_server: ServerFixture, blog: Release
) -> None:
    new = applications.blog(php_server, "two", SLOW)
    assert php_server.prepare(new).code == 0
    assert php_server.run_verb("rehearse", new).code == 0
    kill_switched(php_server, new)
    if verb == "switch":
        assert php_server.run_verb("switch", new).last_line.endswith(f"digest {new.digest[:12]}")
    else:
        result = php_server.prepare(blog)
        assert f"switch to {new.digest[:12]} has passed its checks: it is live" in result.stdout
    assert "blog two" in php_server.page("blog").body
    assert php_server.run_verb("switch", blog).last_line.startswith("live in ")


def test_after_the_switch_to_a_release_that_fails_its_checks(
    php_server: ServerFixture, blog: Release
) -> None:
    new = applications.blog(php_server, "two", applications.BROKEN, applications.COMMENT)
    assert php_server.prepare(new).code == 0
    assert php_server.run_verb("rehearse", new).code == 0
    (php_server.directory("blog").shared / "content/uploads/broken").touch()
    kill_switched(php_server, new)
    result = php_server.run_agent("abandon", "blog")
    assert result.last_line.endswith("database restored")
    assert php_server.directory("blog").live == blog.digest
