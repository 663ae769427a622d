"""What a visitor got an answer for is stored, however a deployment ends and whenever it is settled.

A visitor writes notes through the edge all the time while a release with a migration is deployed.
The deployment succeeds, fails at each of its stages, or is killed at each of them: the agent alone,
the database, or every process of the server. It is settled at once, after an hour or after three
days.
"""

import json
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

import pytest

from agent import mariadb, read_only
from agent.component_directory import READ_ONLY
from agent.journal import EventName, Journal
from model.release import Manifest
from tests.agent import applications
from tests.agent.applications import ADD_COLUMN, NO_REHEARSAL
from tests.agent.packaging import Release
from tests.agent.server_fixture import ServerFixture
from tests.agent.server_setup import kill_services, start_services
from tests.agent.waiting import wait_until
from tests.agent.writers import Writes, writing

CHANGE = f"{ADD_COLUMN} {applications.COMMENT}"


@pytest.fixture(autouse=True)
def nothing_lost(php_server: ServerFixture, blog: Release) -> Iterator[Writes]:
    """A visitor writes during the test; afterwards everything acknowledged is stored, and the blog
    is as other tests expect it."""
    with writing(php_server, "visitor") as writes:
        yield writes
    stored = php_server.run_sql("SELECT text FROM testing_blog.notes").split("\n")
    lost = [text for text in writes.acknowledged if text not in stored]
    assert lost == []
    assert len(writes.acknowledged) > 3
    directory = php_server.directory("blog")
    assert not read_only.is_closed_at_edge(directory)
    assert all(may_write for _, may_write in read_only.user_rights(directory))
    assert "copy" not in php_server.run_sql("SHOW DATABASES; SELECT user FROM mysql.user")
    assert php_server.run_verb("switch", blog).code == 0
    php_server.run_sql(
        "USE testing_blog; DELETE FROM notes WHERE text != 'first'; "
        "ALTER TABLE notes DROP COLUMN IF EXISTS more"
    )


def deploy(php_server: ServerFixture, release: Release) -> None:
    result = php_server.deploy(release)
    assert result.code == 0, result


def test_a_migration_that_changes_nothing_keeps_nobody_out(
    php_server: ServerFixture, nothing_lost: Writes
) -> None:
    deploy(php_server, applications.blog(php_server, "as before"))
    assert nothing_lost.refused == []
    assert nothing_lost.failed == []


def test_visitors_only_read_while_a_migration_changes_something(
    php_server: ServerFixture, nothing_lost: Writes
) -> None:
    release = applications.blog(php_server, "changed", migration=CHANGE)
    deploy(php_server, release)
    assert nothing_lost.refused
    assert nothing_lost.failed == []
    print(f"writes were refused for {nothing_lost.seconds_refused:.2f} s")


def test_visitors_write_during_a_migration_that_the_old_release_stands(
    php_server: ServerFixture, nothing_lost: Writes
) -> None:
    assert applications.BLOG.database
    online = applications.BLOG.database.model_copy(update={"online": True})
    manifest = Manifest.of(applications.BLOG).model_copy(update={"database": online})
    deploy(php_server, applications.blog(php_server, "online", "", CHANGE, manifest=manifest))
    assert nothing_lost.refused == []
    assert nothing_lost.failed == []


def test_a_failed_check_after_an_online_migration_returns_the_code_and_never_the_data(
    php_server: ServerFixture, blog: Release
) -> None:
    assert applications.BLOG.database
    online = applications.BLOG.database.model_copy(update={"online": True})
    manifest = Manifest.of(applications.BLOG).model_copy(update={"database": online})
    new = applications.blog(php_server, "o", applications.BROKEN, CHANGE, manifest=manifest)
    assert php_server.prepare(new).code == 0
    assert php_server.run_verb("rehearse", new).code == 0
    broken = php_server.directory("blog").shared / "content/uploads/broken"
    broken.touch()
    result = php_server.run_verb("switch", new)
    broken.unlink()
    assert f"returned to {blog.digest[:12]}; its database keeps what" in result.last_line
    assert "more" in php_server.run_sql("SHOW COLUMNS FROM testing_blog.notes")


@pytest.mark.parametrize(
    "migration",
    [
        "exit(3);",
        f"{CHANGE} exit(3);",
        f"{CHANGE} {NO_REHEARSAL} exit(3);",
        f"$database->query('DROP TABLE notes'); {NO_REHEARSAL} exit(3);",
    ],
    ids=["at once", "in the rehearsal", "half way", "after it dropped a table"],
)
def test_a_migration_that_fails(migration: str, php_server: ServerFixture) -> None:
    new = applications.blog(php_server, "failing", migration=migration)
    assert php_server.deploy(new).code == 1


@pytest.mark.parametrize("broken_at", ["rehearsal", "next", "current"])
def test_a_check_that_fails(broken_at: str, php_server: ServerFixture) -> None:
    """In the rehearsal, after the migration before the switch, and after the switch."""
    condition = {
        "rehearsal": "str_contains(__DIR__, 'copy')",
        "next": "!str_contains(__DIR__, 'copy')",
        "current": "basename(readlink(__DIR__ . '/../../current')) === basename(__DIR__)",
    }[broken_at]
    page = f"if ({condition}) {{ http_response_code(500); exit('it broke'); }}"
    result = php_server.deploy(applications.blog(php_server, broken_at, page, CHANGE))
    assert result.code == 1
    assert "it broke" in result.last_line
    assert ("database restored" in result.last_line) == (broken_at != "rehearsal")


STAGES: tuple[EventName, ...] = (
    "preparing", "prepared", "rehearsed", "closing", "migrating", "migrated", "switching", "live",
)  # fmt: skip
SLOW = "usleep(300000);"
"""Leaves time for a kill, in the migration and in the checks before and after the switch."""
SLOW_PAGE = f"if (!str_contains(__DIR__, 'copy')) {SLOW}"
SLOW_CHANGE = f"{CHANGE} {NO_REHEARSAL} {SLOW}"
"""In the rehearsal nobody is killed."""


def kill_at(php_server: ServerFixture, release: Release, stage: EventName, victim: str) -> None:
    """Deploy until the journal shows the stage; then kill the victim, or everything."""
    journal = php_server.directory("blog").journal
    seen = len(journal.events())
    for verb in ("prepare", "rehearse", "switch"):
        process = php_server.start(verb, release)
        wait_until(partial(has_reached, journal, seen, stage, process))
        if process.poll() is None or stage in names(journal, seen):
            break
        assert process.returncode == 0, process.communicate()
    if victim in ("agent", "server"):
        process.kill()
    if victim == "database":
        kill_services(php_server, "database")
    if victim == "server":
        kill_services(php_server)
    process.communicate()
    start_services(php_server)


def has_reached(
    journal: Journal, seen: int, stage: EventName, process: subprocess.Popen[bytes]
) -> bool:
    return stage in names(journal, seen) or process.poll() is not None


def names(journal: Journal, seen: int) -> list[EventName]:
    """The events after the first `seen` ones."""
    return [event.event for event in journal.events()[seen:]]


def let_time_pass(php_server: ServerFixture, passed: timedelta) -> None:
    """Make every event of the journal older, as if the clock had moved on."""
    path = php_server.directory("blog").journal.path
    events = [json.loads(line) for line in path.read_text().split("\n") if line]
    for event in events:
        event["time"] = (datetime.fromisoformat(event["time"]) - passed).isoformat()
    path.write_text("".join(json.dumps(event) + "\n" for event in events))


def settle(php_server: ServerFixture, passed: timedelta) -> None:
    """The next verb, after some time."""
    let_time_pass(php_server, passed)
    result = php_server.run_agent("abandon", "blog")
    assert result.code == 0, result


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("victim", ["agent", "database", "server"])
def test_a_deployment_that_is_killed(
    stage: EventName, victim: str, php_server: ServerFixture, nothing_lost: Writes
) -> None:
    new = applications.blog(php_server, f"{victim} {stage}", SLOW_PAGE, SLOW_CHANGE)
    kill_at(php_server, new, stage, victim)
    settle(php_server, timedelta(0))
    before = len(nothing_lost.acknowledged)
    wait_until(lambda: len(nothing_lost.acknowledged) > before)


LATER = {
    "agent, an hour": ("agent", timedelta(hours=1)),
    "agent, three days": ("agent", timedelta(days=3)),
    "database, three days": ("database", timedelta(days=3)),
    "server, three days": ("server", timedelta(days=3)),
}


@pytest.mark.parametrize("case", LATER)
@pytest.mark.parametrize("stage", STAGES)
def test_a_killed_deployment_that_is_settled_later(
    stage: EventName, case: str, php_server: ServerFixture, nothing_lost: Writes
) -> None:
    victim, passed = LATER[case]
    new = applications.blog(php_server, f"{case} {stage}", SLOW_PAGE, SLOW_CHANGE)
    kill_at(php_server, new, stage, victim)
    settle(php_server, passed)
    before = len(nothing_lost.acknowledged)
    wait_until(lambda: len(nothing_lost.acknowledged) > before)


def test_a_backup_is_not_restored_when_somebody_has_let_visitors_write_again(
    php_server: ServerFixture, nothing_lost: Writes
) -> None:
    """An operator opens the site by hand, before anybody has settled the deployment."""
    new = applications.blog(php_server, "opened", migration=f"{CHANGE} {NO_REHEARSAL} sleep(120);")
    kill_at(php_server, new, "migrating", "agent")
    directory = php_server.directory("blog")
    (directory.path / READ_ONLY).unlink()
    users = [user for user, _ in read_only.user_rights(directory)]
    php_server.run_sql(mariadb.writing_statements("testing_blog", users))
    before = len(nothing_lost.acknowledged)
    wait_until(lambda: len(nothing_lost.acknowledged) > before)
    result = php_server.run_agent("abandon", "blog")
    assert "its database keeps what the migration did" in result.last_line


def test_the_database_itself_refuses_what_does_not_pass_through_the_edge(
    php_server: ServerFixture, blog: Release
) -> None:
    """A background process of the live release, with a connection that it opened long before."""
    new = applications.blog(php_server, "behind", migration=f"{CHANGE} {NO_REHEARSAL} sleep(120);")
    loop = (
        "require 'config.php'; $database = new mysqli('localhost', $user, $password, $name, 0, "
        "$socket); $database->query('SELECT 1'); echo \"connected\\n\"; fgets(STDIN); "
        "$database->query(\"INSERT INTO notes (text) VALUES ('behind')\"); echo 'stored';"
    )
    tree = php_server.tree(blog)
    background = subprocess.Popen(
        ["php", "-r", loop],
        cwd=tree,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert background.stdout
    assert background.stdin
    assert background.stdout.readline() == b"connected\n"
    kill_at(php_server, new, "migrating", "agent")
    output, _ = background.communicate(b"\n")
    assert b"stored" not in output
    assert php_server.run_agent("abandon", "blog").code == 0
