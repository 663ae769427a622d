"""A worker's folder is repaired before each build: nothing that a kill left stops the next one."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from hashlib import shake_256
from pathlib import Path

import pytest

from steps.git import DAMAGE, script_text
from tests.change_sources.hung_server import (
    hung_server,
    processes_with,
    unconnectable_server,
)
from tests.repositories import Repository
from tests.steps.worker import SURROUNDINGS, Worker, fork_arguments

KILLS = 40
UNREACHABLE = 2
"""As in `fetching.bash`."""


@pytest.fixture
def upstream(tmp_path: Path) -> Repository:
    """A repository of 4 MB, whose fetch takes a moment."""
    repository = Repository(tmp_path / "upstream")
    for number in range(40):
        path = repository.folder / f"{number}.bin"
        path.write_bytes(shake_256(b"%d" % number).digest(100_000))
    repository.commit({"index.html": "one\n"}, tag="1.0")
    repository.git("checkout", "-q", "-b", "ours")
    repository.commit({"index.html": "ours\n"})
    repository.git("checkout", "-q", "main")
    return repository


def seconds(action: Callable[[], object]) -> float:
    start = time.monotonic()
    action()
    return time.monotonic() - start


def kill_after(worker: Worker, delay: float, script: str, *arguments: str) -> None:
    """Kill a script with all its processes, as Buildbot's Stop does; it may have ended already."""
    process = subprocess.Popen(
        ["bash", "-c", script_text(script), script, *arguments],
        cwd=worker.folder,
        env=SURROUNDINGS,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(delay)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def source_arguments(upstream: Repository) -> list[str]:
    commit = upstream.git("rev-parse", "1.0^{commit}")
    return [commit, upstream.address, "refs/tags/1.0", "refs/slipway/one", ""]


def test_a_build_follows_each_build_that_is_killed_at_any_moment(
    tmp_path: Path, upstream: Repository
) -> None:
    arguments = source_arguments(upstream)
    fork = fork_arguments(upstream, "ours", "1.0")
    whole = Worker(tmp_path / "whole")
    scripts = {
        "add_source": (arguments, seconds(lambda: whole.run("add_source", *arguments))),
        "fork": (fork, seconds(lambda: whole.run("fork", *fork))),
        "repository": ([], seconds(lambda: whole.run("repository"))),
        "check_out": (["tree"], seconds(lambda: whole.run("check_out", "tree"))),
    }
    expected = upstream.git("rev-parse", "1.0^{tree}")
    moments = random.Random(4096)  # noqa: S311  # no secret
    worker = Worker(tmp_path / "worker")
    for number in range(KILLS):
        script, (words, duration) = moments.choice(list(scripts.items()))
        if number % 4 == 0:  # the longest fetch is the first of a new folder
            worker = Worker(tmp_path / f"worker-{number}")
        kill_after(worker, moments.uniform(0, duration), script, *words)
        worker.run("repository")
        assert worker.records("add_source", *arguments)[1] == expected
        worker.run("fork", *fork)
        assert worker.run("check_out", "tree").strip() == expected


LEFT = {
    "a lock of the shallow file": "repository.git/shallow.lock",
    "a lock of the configuration": "repository.git/config.lock",
    "a lock of a ref": "repository.git/refs/slipway/one.lock",
    "a lock of the packed refs": "repository.git/packed-refs.lock",
    "a lock of the index": "index.lock",
    "a lock of the checkout's index": "checkout-index.lock",
    "half an index": "index",
    "half a checkout's index": "checkout-index",
    "an empty shallow file": "repository.git/shallow",
    "an empty HEAD": "repository.git/HEAD",
    "an empty configuration": "repository.git/config",
    "an empty ref": "repository.git/refs/slipway/one",
}


@pytest.mark.parametrize("case", LEFT)
def test_a_file_that_a_kill_or_a_power_failure_leaves_does_not_stop_the_next_build(
    tmp_path: Path, upstream: Repository, case: str
) -> None:
    worker = Worker(tmp_path / "worker")
    arguments = source_arguments(upstream)
    tree = worker.records("add_source", *arguments)[1]
    worker.run("check_out", "tree")
    (worker.folder / LEFT[case]).write_bytes(b"")
    worker.run("repository")
    assert worker.records("add_source", *arguments)[1] == tree
    assert worker.run("check_out", "tree").strip() == tree


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_object_is_fetched_again(tmp_path: Path, upstream: Repository, seed: int) -> None:
    """Cut short, emptied, or filled with zeros, as after a power failure."""
    worker = Worker(tmp_path / "worker")
    arguments = source_arguments(upstream)
    tree = worker.records("add_source", *arguments)[1]
    loosen(worker)
    chance = random.Random(seed)  # noqa: S311  # no secret
    objects = list((worker.folder / "repository.git/objects").glob("??/*"))
    for path in chance.sample(objects, 3):
        content = path.read_bytes()
        path.chmod(0o600)
        half = content[: len(content) // 2]
        path.write_bytes(chance.choice([b"", half, half + bytes(len(half)), bytes(len(content))]))
    assert worker.run("repository").startswith("made anew")
    assert worker.records("add_source", *arguments)[1] == tree
    worker.git("fsck", "--full")


def loosen(worker: Worker) -> None:
    """Turn each pack into objects that are files of their own."""
    for pack in (worker.folder / "repository.git/objects/pack").glob("*.pack"):
        aside = worker.folder / pack.name
        pack.rename(aside)
        for other in pack.parent.glob(f"{pack.stem}.*"):
            other.unlink()
        with aside.open("rb") as file:
            command = ["git", "unpack-objects", "-q"]
            subprocess.run(command, cwd=worker.folder, env=SURROUNDINGS, stdin=file, check=True)
        aside.unlink()


def test_a_pack_that_is_cut_short_is_fetched_again(tmp_path: Path, upstream: Repository) -> None:
    worker = Worker(tmp_path / "worker")
    worker.run("add_source", *source_arguments(upstream))
    upstream.commit({"index.html": "two\n"}, tag="2.0")
    pack = only_pack(worker)
    os.truncate(pack, pack.stat().st_size // 2)
    commit = upstream.git("rev-parse", "2.0^{commit}")
    arguments = [commit, upstream.address, "refs/tags/2.0", "refs/slipway/one", ""]
    worker.run("repository")
    assert worker.records("add_source", *arguments)[0] == commit
    worker.git("archive", commit, "--output=tar")


@pytest.mark.parametrize("place", [0.2, 0.5, 0.8])
def test_what_git_says_of_a_damaged_pack_is_known_as_damage(
    tmp_path: Path, upstream: Repository, place: float
) -> None:
    worker = Worker(tmp_path / "worker")
    tree = worker.add_source(upstream, "1.0")
    pack = only_pack(worker)
    with pack.open("r+b") as file:
        file.seek(int(pack.stat().st_size * place))
        file.write(b"x" * 1000)
    command = ["git", "archive", "--output=tar", tree]
    result = subprocess.run(
        command, cwd=worker.folder, env=SURROUNDINGS, capture_output=True, text=True
    )
    assert DAMAGE.search(result.stderr), result.stderr


def only_pack(worker: Worker) -> Path:
    (pack,) = (worker.folder / "repository.git/objects/pack").glob("*.pack")
    pack.chmod(0o600)
    return pack


def test_a_full_disk_is_not_taken_for_a_repository_that_cannot_be_reached(
    tmp_path: Path, upstream: Repository
) -> None:
    """A limit for the size of files stands for it."""
    worker = Worker(tmp_path / "worker")
    limited = f"ulimit -f 1000; trap '' XFSZ\n{script_text('add_source')}"
    result = subprocess.run(
        ["bash", "-c", limited, "add_source", *source_arguments(upstream)],
        cwd=worker.folder,
        env=SURROUNDINGS,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    assert last.startswith(f"{upstream.address} was reached, but refs/tags/1.0 cannot be fetched")
    assert "File too large" in last


def given_up(worker: Worker, script: str, address: str) -> str:
    """The last line of a script that fetches from a server which may be silent for a second."""
    arguments = ("a" * 40, address, "refs/heads/main", "refs/slipway/one", "")
    result = subprocess.run(
        ["bash", "-c", script_text(script), script, *arguments],
        cwd=worker.folder,
        env=SURROUNDINGS | {"GIT_HTTP_LOW_SPEED_TIME": "1"},
        input=f"{'a' * 40} {address} library\0",  # for the script of submodules
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert not processes_with(address)
    assert result.returncode == UNREACHABLE
    return result.stderr.splitlines()[-1]


def test_a_server_that_accepts_and_never_answers_is_given_up_with_a_sentence(
    tmp_path: Path,
) -> None:
    worker = Worker(tmp_path / "worker")
    with hung_server() as server:
        address = f"{server.replace('https', 'http')}/a.git"
        last = given_up(worker, "add_source", address)
    assert last.startswith(f"{address} cannot be reached: fatal: unable to access")
    assert "too slow" in last


@pytest.mark.parametrize("script", ["add_source", "submodules"])
def test_a_server_that_accepts_no_connection_is_given_up_with_a_sentence(
    tmp_path: Path, script: str
) -> None:
    worker = Worker(tmp_path / "worker")
    with unconnectable_server() as server:
        last = given_up(worker, script, f"{server}/a.git")
    assert last.endswith(f"{server}/a.git cannot be reached: fatal: no answer in 6 s")


def test_a_folder_that_a_build_made_read_only_does_not_stop_the_next_checkout(
    tmp_path: Path, upstream: Repository
) -> None:
    worker = Worker(tmp_path / "worker")
    tree = worker.add_source(upstream, "1.0")
    worker.run("check_out", "tree")
    folder = worker.folder / "tree" / "public" / "cache"
    folder.mkdir(parents=True)
    (folder / "file").write_text("x")
    for path in (folder / "file", folder, folder.parent, worker.folder / "tree"):
        path.chmod(0o400 if path.is_file() else 0o000)
    assert worker.run("check_out", "tree").strip() == tree
    assert not folder.exists()


def test_a_link_in_place_of_the_checkout_is_not_followed(
    tmp_path: Path, upstream: Repository
) -> None:
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "1.0")
    other = tmp_path / "other"
    other.mkdir()
    (other / "file").write_text("x")
    (worker.folder / "tree").symlink_to(other)
    worker.run("check_out", "tree")
    assert (other / "file").read_text() == "x"
    assert (worker.folder / "tree" / "index.html").read_text() == "one\n"


def test_the_files_of_old_commits_are_not_fetched_to_complete_the_beginning_of_an_id(
    tmp_path: Path, upstream: Repository
) -> None:
    upstream.git("config", "uploadpack.allowFilter", "true")
    upstream.git("rm", "-qr", ".")
    commit = upstream.commit({"index.html": "small\n"})
    worker = Worker(tmp_path / "worker")
    output = worker.records("add_source", commit[:9], upstream.address, "", "refs/slipway/one", "")
    assert output[0] == commit
    assert stored_bytes(worker) < 100_000
    assert not worker.run("repository")


def test_the_files_of_commits_before_those_of_a_fork_are_not_fetched(
    tmp_path: Path, upstream: Repository
) -> None:
    upstream.git("config", "uploadpack.allowFilter", "true")
    upstream.git("rm", "-qr", ".")
    upstream.commit({"index.html": "small\n"}, tag="2.0")
    upstream.git("checkout", "-q", "-B", "ours", "2.0")
    upstream.commit({"index.html": "ours\n"})
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "2.0")
    assert worker.fork_tree(upstream, "ours", "2.0") == upstream.git("rev-parse", "ours^{tree}")
    assert stored_bytes(worker) < 100_000
    assert not worker.run("repository")


def stored_bytes(worker: Worker) -> int:
    files = worker.folder.glob("**/objects/**/*")
    return sum(path.stat().st_size for path in files if path.is_file())
