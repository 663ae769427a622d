"""A component's directory, its journal and its lock, without any service."""

import fcntl
import os
from pathlib import Path
from threading import Event, Thread

import pytest

from agent import lock
from agent.component_directory import CURRENT, ComponentDirectory
from agent.configuration import link_writable_folders, move_to_shared
from agent.errors import AgentError
from agent.instance import Instance
from agent.journal import Journal
from tests.agent.server_setup import create_server


@pytest.fixture
def directory(tmp_path: Path) -> ComponentDirectory:
    directory = ComponentDirectory(create_server(tmp_path, ()).settings, "blog")
    directory.create()
    return directory


def digest(number: int) -> str:
    return f"{number:064x}"


def instance(number: int, configuration: str = "") -> Instance:
    return Instance(digest(number), configuration)


def test_pruning_keeps_the_newest_the_live_and_the_previous_release(
    directory: ComponentDirectory,
) -> None:
    for number in range(9):
        directory.tree(instance(number)).mkdir(mode=0o555)
        directory.journal.append("live", instance(number))
    directory.set_link(CURRENT, instance(0))
    directory.prune(5, directory.live_instance, instance(1))
    assert sorted(directory.installed_digests()) == [
        digest(number) for number in (0, 1, 4, 5, 6, 7, 8)
    ]


def test_at_every_moment_of_a_switch_some_release_is_live(directory: ComponentDirectory) -> None:
    directory.set_link(CURRENT, instance(0))
    stop = Event()

    def switch() -> None:
        for number in range(2000):
            directory.set_link(CURRENT, instance(number % 2))
        stop.set()

    switching = Thread(target=switch)
    switching.start()
    seen = set()
    while not stop.is_set():
        seen.add(directory.live)
    switching.join()
    assert seen <= {digest(0), digest(1)}


def test_a_line_that_was_cut_by_a_power_failure_counts_as_never_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append("preparing", instance(1))
    with journal.path.open("a") as file:
        file.write('{"time": "2025-01-01T0')
    journal.append("abandoned", instance(1))
    assert [event.event for event in journal.events()] == ["preparing", "abandoned"]
    assert journal.unfinished() is None


@pytest.mark.parametrize("separator", ["\u2028", "\u0085", "\x0b", "\x1c"])
def test_an_error_with_a_line_separator_of_unicode_still_ends_its_deployment(
    tmp_path: Path, separator: str
) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append("preparing", instance(1))
    journal.append("abandoned", instance(1), why=f"line{separator}line")
    assert [event.event for event in journal.events()] == ["preparing", "abandoned"]
    assert journal.unfinished() is None


def test_a_line_of_a_newer_agent_still_ends_its_deployment(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append("preparing", instance(1))
    journal.append("live", instance(1))
    text = journal.path.read_text()
    journal.path.write_text(text.replace('"live",', '"live","colour":"blue",'))
    assert "colour" in journal.path.read_text()
    assert journal.unfinished() is None


def test_a_line_that_this_agent_cannot_read_is_no_reason_to_guess(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append("preparing", instance(1))
    journal.append("live", instance(1))
    journal.path.write_text(journal.path.read_text().replace('"live"', '"thawed"'))
    with pytest.raises(
        AgentError, match=r"journal\.jsonl: line 2: key 'event' .* update the agent"
    ):
        journal.unfinished()


def test_a_rotated_secret_pushes_no_earlier_release_out(directory: ComponentDirectory) -> None:
    every = [instance(1), *(instance(2, str(number)) for number in range(1, 8))]
    for each in every:
        directory.tree(each).mkdir(mode=0o555)
        directory.journal.append("live", each)
    directory.prune(2, every[-1], every[-2])
    assert directory.instances() == [every[-1], every[-2], instance(1)]


def test_a_lock_timeout_names_the_holder(tmp_path: Path) -> None:
    path = tmp_path / "blog" / ".lock"
    path.parent.mkdir()
    with (
        lock.exclusive(path, "switch 0123"),
        pytest.raises(
            AgentError, match=f"blog is busy: switch 0123, process {os.getpid()}; waited"
        ),
        lock.exclusive(path, "prepare", timeout=0.1),
    ):
        pass


def test_an_orphaned_child_keeps_the_lock(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    reading, writing = os.pipe()
    with lock.exclusive(path, "migrate"):
        child = os.fork()
        if child == 0:
            os.close(writing)
            os.read(reading, 1)
            os._exit(0)
    with path.open() as file:
        with pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(reading)
        os.close(writing)
        os.waitpid(child, 0)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_what_visitors_uploaded_outlives_what_a_release_ships(tmp_path: Path) -> None:
    for version in ("one", "two"):
        release = tmp_path / "releases" / version
        (release / "content/uploads").mkdir(parents=True)
        (release / "content/uploads/shipped").write_text(version)
        link_writable_folders(release, tmp_path / "shared", ["content/uploads"])
        assert (release / "content/uploads").readlink() == Path("../../../shared/content/uploads")
        assert (release / "content/uploads/shipped").read_text() == "one"


def test_a_writable_folder_within_another_is_refused_before_anything_is_lost(
    tmp_path: Path,
) -> None:
    release, shared = tmp_path / "releases/one", tmp_path / "shared"
    (release / "images/archive").mkdir(parents=True)
    (release / "images/archive/old").write_text("old")
    with pytest.raises(AgentError, match="lies behind the link images"):
        link_writable_folders(release, shared, ["images", "images/archive"])
    assert (shared / "images/archive/old").exists()


@pytest.mark.parametrize("path", ["backups", "backups/pictures", "database.json"])
def test_no_writable_folder_shows_backups_or_passwords(path: str, tmp_path: Path) -> None:
    with pytest.raises(AgentError, match=f"'{path}' would show visitors Slipway's own files"):
        link_writable_folders(tmp_path / "releases/one", tmp_path / "shared", [path])


def test_a_link_above_the_servers_folder_is_no_reason_to_refuse_uploads(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "srv").symlink_to("disk")
    release, shared = tmp_path / "srv/releases/one", tmp_path / "srv/shared"
    (release / "images").mkdir(parents=True)
    (release / "images/shipped.png").write_text("shipped")
    link_writable_folders(release, shared, ["images"])
    assert (release / "images").is_symlink()
    assert (release / "images/shipped.png").read_text() == "shipped"


def test_an_interrupted_copy_of_shipped_files_is_repeated(tmp_path: Path) -> None:
    (tmp_path / "shipped").mkdir()
    (tmp_path / "shipped/file").write_text("whole")
    (tmp_path / ".tmp-folder").mkdir()
    move_to_shared(tmp_path / "shipped", tmp_path / "folder")
    assert (tmp_path / "folder/file").read_text() == "whole"
