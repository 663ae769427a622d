"""Deployments to a server whose database is on a full disk.

`test_full_disk.py` runs these tests where `state` is a small file system of its own.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from agent import database, mariadb, read_only
from agent.disk import FULL_SECONDS, LEAST, RESERVE
from agent.errors import AgentError, free_bytes
from tests.agent import applications
from tests.agent.applications import ADD_COLUMN, COMMENT, NO_REHEARSAL
from tests.agent.packaging import Release
from tests.agent.server_fixture import ServerFixture, VerbResult
from tests.agent.server_setup import (
    answers,
    create_server,
    kill_services,
    run_services,
    start_services,
)
from tests.agent.writers import Writes, writing

FULL = "No space left on device"
GROW = (
    "$database->query('CREATE TABLE IF NOT EXISTS large (text %s)');"
    "for ($n = 0; $n < 8000000; $n += %d)"
    " $database->query(\"INSERT INTO large VALUES (REPEAT('x', %d))\");"
)
"""Makes the database larger by eight megabytes."""
ROWS = {"small rows": ("VARBINARY(7000)", 7000, 7000), "large values": ("MEDIUMBLOB", 20000, 20000)}


@pytest.fixture(scope="session")
def disk_server() -> Iterator[ServerFixture]:
    folder = Path(os.environ["SLIPWAY_TEST_SERVER"])
    with run_services(create_server(folder, applications.COMPONENTS)) as started:
        yield started


@pytest.fixture(scope="session")
def live(disk_server: ServerFixture) -> Release:
    """The release that every test finds live and must leave live."""
    release = applications.blog(disk_server, "one")
    result = disk_server.deploy(release)
    assert result.code == 0, result
    return release


@pytest.fixture
def visitor(disk_server: ServerFixture, live: Release) -> Iterator[Writes]:
    """Writes all the time; what was acknowledged is stored, and the live release answers."""
    with writing(disk_server, "visitor") as writes:
        yield writes
    stored = disk_server.run_sql("SELECT text FROM testing_blog.notes").split("\n")
    assert [text for text in writes.acknowledged if text not in stored] == []
    directory = disk_server.directory("blog")
    assert directory.live == live.digest
    assert directory.journal.unfinished() is None
    assert not read_only.is_closed_at_edge(directory)
    assert all(may_write for _, may_write in read_only.user_rights(directory))
    assert "copy" not in disk_server.run_sql("SHOW DATABASES; SELECT user FROM mysql.user")
    assert "blog one; notes first" in disk_server.page("blog").body
    disk_server.run_sql("USE testing_blog; DELETE FROM notes WHERE text != 'first'")


@contextmanager
def free_space(server: ServerFixture, size: int, *, reserved: bool) -> Iterator[None]:
    """Leave some bytes free on the disk of the database during the block."""
    state, reserve = server.settings.state, server.directory("blog").reserve
    reserve.release()
    if reserved:
        reserve.hold()
    filler = state / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free_bytes(state) - size)
    try:
        yield
    finally:
        filler.unlink()


def assert_sentence(server: ServerFixture, result: VerbResult) -> None:
    """The end of a deployment names the folder and what is free there."""
    assert result.code, result
    assert str(server.settings.state) in result.last_line, result
    assert "MB are free" in result.last_line, result


@pytest.mark.usefixtures("visitor")
def test_without_room_for_the_reserve_nothing_begins(disk_server: ServerFixture) -> None:
    release = applications.blog(disk_server, "reserve")
    with free_space(disk_server, RESERVE - LEAST, reserved=False):
        result = disk_server.prepare(release)
        assert_sentence(disk_server, result)
        assert FULL in result.last_line
    assert disk_server.page("blog").status == 200


@pytest.mark.usefixtures("visitor")
def test_without_room_for_the_copy_the_rehearsal_says_how_much_is_needed(
    disk_server: ServerFixture,
) -> None:
    disk_server.run_sql(
        "USE testing_blog; CREATE TABLE big (text MEDIUMBLOB); "
        "INSERT INTO big SELECT REPEAT('x', 20000) FROM seq_1_to_400; ANALYZE TABLE big"
    )
    release = applications.blog(disk_server, "copy", migration=ADD_COLUMN)
    assert disk_server.prepare(release).code == 0
    with free_space(disk_server, 4 * RESERVE, reserved=True):
        result = disk_server.rehearse(release)
        assert_sentence(disk_server, result)
        assert "MB are needed" in result.last_line
    disk_server.run_sql("DROP TABLE testing_blog.big")


@pytest.mark.usefixtures("visitor")
@pytest.mark.parametrize(
    ("size", "rows"),
    [(0, "small rows"), (2 * RESERVE, "small rows"), (2 * RESERVE, "large values")],
)
def test_a_disk_that_becomes_full_in_the_middle_of_a_migration(
    size: int, rows: str, disk_server: ServerFixture, live: Release
) -> None:
    migration = f"{ADD_COLUMN} {NO_REHEARSAL} {{ {COMMENT} {GROW % ROWS[rows]} }}"
    release = applications.blog(disk_server, f"{rows} {size}", migration=migration)
    assert disk_server.prepare(release).code == 0
    assert disk_server.rehearse(release).code == 0
    start = time.monotonic()
    with free_space(disk_server, size, reserved=True):
        result = disk_server.run_verb("switch", release)
        print(f"{time.monotonic() - start:.1f} s: {result.last_line}")
        assert_sentence(disk_server, result)
        if runs_on(disk_server):
            assert disk_server.page("blog").body.startswith("blog one; notes first")
    start_services(disk_server)
    result = disk_server.deploy(release)  # the same with room
    assert result.code == 0, result
    assert disk_server.run_verb("switch", live).code == 0
    disk_server.run_sql("USE testing_blog; ALTER TABLE notes DROP COLUMN more; DROP TABLE large")


def runs_on(server: ServerFixture) -> bool:
    """Whether MariaDB still runs: it ends itself when a part of a large value does not fit.

    Its service is started again, which here is done by the test.
    """
    assert server.settings.database
    if answers(server.settings.database.socket):
        return True
    server.services.pop("database").wait(30)  # it writes its trace first
    return False


@pytest.mark.usefixtures("live")
def test_what_waits_for_a_full_disk_is_given_up(disk_server: ServerFixture) -> None:
    """MariaDB itself waits for hours; it is killed, because it looks once a minute."""
    directory = disk_server.directory("blog")
    start = time.monotonic()
    with (
        free_space(disk_server, 0, reserved=True),
        pytest.raises(AgentError, match=rf"state: {FULL}: 0.00 MB are free; the database waits"),
    ):
        for number in count():
            user = mariadb.account(f"waiting{number}")
            database.execute(directory, f"CREATE USER {user}; GRANT SELECT ON *.* TO {user};")
            assert time.monotonic() - start < 10 * FULL_SECONDS
    kill_services(disk_server, "database")
