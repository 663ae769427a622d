"""Deployments to a server whose disk is full, from not a byte free to enough.

`test_full_disk.py` runs these tests where `srv` is a small file system of its own. A file fills it
up to the space that a test leaves.
"""

import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.disk import RESERVE
from agent.errors import AgentError
from agent.remote import unpack
from model.release import ARTIFACT, PROVENANCE
from tests.agent import applications
from tests.agent.applications import ADD_COLUMN, COMMENT, NO_REHEARSAL
from tests.agent.packaging import Release
from tests.agent.server_fixture import ServerFixture, VerbResult
from tests.agent.server_setup import create_server, run_services

FULL = "No space left on device"
PAGE = 4096
"""Bytes: the smallest change of what is free."""

CHANGE = f"{ADD_COLUMN} {COMMENT}"
FILES = {"content/uploads-2/shipped.bin": "x" * 50_000, "large.bin": "y" * 100_000}


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


@contextmanager
def free_space(server: ServerFixture, size: int, *, reserved: bool) -> Iterator[None]:
    """Leave some bytes free on the disk of `srv` during the block, beside the reserve or not."""
    filler = server.settings.srv / "filler"
    reserve = server.directory("blog").reserve
    reserve.release()
    if reserved:
        reserve.hold()
    disk = os.statvfs(server.settings.srv)
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, disk.f_bavail * disk.f_frsize - size)
    try:
        yield
    finally:
        filler.unlink()


def assert_unchanged(server: ServerFixture, release: Release, result: VerbResult) -> None:
    """The old release answers, its data are intact, visitors write, and nothing is half-done."""
    page = server.page("blog")
    assert "blog one; notes first; salt pepper" in page.body, result
    directory = server.directory("blog")
    assert directory.live == release.digest, result
    assert directory.journal.unfinished() is None, result
    leftovers = [*directory.path.rglob(".tmp-*"), *directory.path.rglob(".*.tmp")]
    assert leftovers == [], result
    assert not (directory.path / "next").is_symlink(), result
    assert not (directory.path / "read-only").exists(), result
    lines = directory.journal.path.read_text().splitlines()
    assert all(line.endswith("}") for line in lines if line), lines
    assert "copy" not in server.run_sql("SHOW DATABASES; SELECT user FROM mysql.user"), result


def return_to(server: ServerFixture, release: Release) -> None:
    """With room again: the first release is live, its data as before."""
    assert server.run_verb("switch", release).code == 0
    server.run_sql(
        "USE testing_blog; DELETE FROM notes WHERE text != 'first'; "
        "ALTER TABLE notes DROP COLUMN IF EXISTS more"
    )


@pytest.mark.parametrize("reserved", [False, True], ids=["nothing reserved", "reserved"])
def test_a_deployment_succeeds_or_says_that_the_disk_is_full(
    reserved: bool, disk_server: ServerFixture, live: Release
) -> None:
    """For each number of free pages: every stage is the one that fails."""
    manifest = disk_server.directory("blog").manifest(disk_server.instance(live))
    serve = manifest.serve.model_copy(update={"writable": ("content/uploads", "content/uploads-2")})
    manifest = manifest.model_copy(update={"serve": serve})
    failures: list[str] = []
    size = 0 if reserved else RESERVE - PAGE
    while True:
        version = f"{reserved} {size}"
        release = applications.blog(disk_server, version, "", CHANGE, FILES, manifest)
        with free_space(disk_server, size, reserved=reserved):
            result = disk_server.deploy(release)
            if not result.code:
                break
            assert FULL in result.last_line, result
            assert "MB are free" in result.last_line or "errno: 28" in result.last_line, result
            assert_unchanged(disk_server, live, result)
        failures.append(result.last_line)
        size += 16 * PAGE if "are needed" in failures[-1] else PAGE
    print("\n".join(failures))
    return_to(disk_server, live)
    assert disk_server.deploy(release).code == 0  # the same with room
    return_to(disk_server, live)
    assert len(failures) > 3


def fill_last_page(server: ServerFixture) -> None:
    """Let the next event in the journal need a page of its own; empty lines are no events."""
    path = server.directory("blog").journal.path
    with path.open("a") as file:
        file.write("\n" * (-path.stat().st_size % PAGE))


@pytest.mark.parametrize("full_verb", ["rehearse", "switch"])
def test_a_disk_that_becomes_full_later(
    full_verb: str, disk_server: ServerFixture, live: Release
) -> None:
    """For each number of free pages, a later stage of the verb is the one that fails."""
    failures: list[str] = []
    while True:
        pages = len(failures)
        version = f"{full_verb} {pages}"
        release = applications.blog(disk_server, version, "", f"{CHANGE} {NO_REHEARSAL} exit;")
        assert disk_server.prepare(release).code == 0
        if full_verb == "switch":
            assert disk_server.rehearse(release).code == 0
        fill_last_page(disk_server)
        with free_space(disk_server, pages * PAGE, reserved=True):
            result = disk_server.run_verb(full_verb, release)
            if not result.code:
                break
            assert FULL in result.last_line, result
            assert "MB are free" in result.last_line, result
            assert_unchanged(disk_server, live, result)
        failures.append(result.last_line)
    print("\n".join(failures))
    if full_verb == "rehearse":
        assert disk_server.run_verb("switch", release).code == 0
    return_to(disk_server, live)
    assert len(failures) >= 3


def test_files_that_arrive_over_ssh(disk_server: ServerFixture, live: Release) -> None:
    stream, folder = io.BytesIO(), disk_server.settings.srv / "received"
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.add(live.artifact, ARTIFACT)
        archive.add(live.provenance, PROVENANCE)
    folder.mkdir()
    with free_space(disk_server, 0, reserved=True):
        stream.seek(0)
        with pytest.raises(AgentError, match=rf"received: {FULL}: 0.00 MB are free; {ARTIFACT}"):
            unpack(stream, folder)


def test_a_rollback_on_a_full_disk(disk_server: ServerFixture, live: Release) -> None:
    """Without room for the reserve it is refused with a sentence; with the reserve it works."""
    release = applications.blog(disk_server, "newer")
    assert disk_server.deploy(release).code == 0
    fill_last_page(disk_server)
    with free_space(disk_server, 0, reserved=False):
        result = disk_server.run_verb("switch", live)
        assert FULL in result.last_line, result
        assert disk_server.directory("blog").live == release.digest
    with free_space(disk_server, PAGE, reserved=True):
        result = disk_server.run_verb("switch", live)
        assert result.code == 0, result
        assert_unchanged(disk_server, live, result)
