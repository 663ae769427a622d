"""A command of a component: its own exit code counts, and nothing of it goes on afterwards."""

import os
import re
import subprocess
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from steps.git import SCRIPTS
from tests.repositories import Repository


def run(folder: Path, *command: str) -> CompletedProcess[str]:
    """Run a command as a worker does; fails when its output does not end."""
    (folder / "tree").mkdir(exist_ok=True)
    return subprocess.run(
        ["bash", str(SCRIPTS / "run.bash"), "tree", *command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=20,
    )


LEFT_RUNNING = {
    "a background process": "sleep 3600 & exit {code}",
    "a process of a session of its own": "setsid sleep 3600 & exit {code}",
    "one that is silent": "setsid sleep 3600 >/dev/null 2>&1 & exit {code}",
    "one with another environment": "env -i setsid sleep 3600 & exit {code}",
    "one that holds the errors only": "env -i setsid sleep 3600 >/dev/null & exit {code}",
    "one that holds the output only": "env -i setsid sleep 3600 2>/dev/null & exit {code}",
}


@pytest.mark.parametrize("case", LEFT_RUNNING)
@pytest.mark.parametrize("code", [0, 3])
def test_what_a_command_leaves_running_is_ended_and_its_own_exit_code_counts(
    tmp_path: Path, case: str, code: int
) -> None:
    result = run(tmp_path, "sh", "-c", f"echo built; {LEFT_RUNNING[case].format(code=code)}")
    assert (result.returncode, result.stdout) == (code, "built\n")
    # Its name is that of the shell until it runs its own program.
    assert re.fullmatch(r"(ended: .*sleep 3600.*\n)+", result.stderr)


@pytest.fixture
def build_folder(tmp_path: Path) -> Path:
    """The folder of a builder below that of its worker, as `make run` makes them."""
    worker = tmp_path / "account" / "worker"
    folder = worker / "blog-build" / "build"
    for path in (folder, worker / "docs-build", tmp_path / "account" / "home"):
        path.mkdir(parents=True)
    for name in ("buildbot.tac", "password"):
        (worker / name).write_text("secret")
    return folder


def test_a_command_sees_of_its_worker_only_its_own_tree(
    build_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(build_folder.parents[2] / "home"))
    (build_folder / "tree").mkdir()
    (build_folder / "tree" / "index.html").touch()
    listing = "pwd; ls; ls ../../..; cat ../../../password; umount ../../..; touch made; exit 3"
    result = run(build_folder, "sh", "-c", listing)
    assert result.returncode == 3
    tree = build_folder / "tree"
    assert result.stdout.splitlines() == [str(tree), "index.html", "blog-build"]
    assert "password: No such file or directory" in result.stderr
    assert (tree / "made").exists()
    assert (build_folder.parents[1] / "password").read_text() == "secret"


def test_a_command_cannot_look_into_its_worker(build_folder: Path) -> None:
    result = run(build_folder, "sh", "-c", f"cat /proc/{os.getpid()}/environ")
    assert result.returncode
    assert "Permission denied" in result.stderr


@pytest.mark.parametrize("code", [0, 3])
def test_what_a_hidden_command_leaves_running_is_ended_too(build_folder: Path, code: int) -> None:
    result = run(build_folder, "sh", "-c", f"setsid sleep 3600 & exit {code}")
    assert result.returncode == code
    assert re.fullmatch(r"(ended: .*sleep 3600.*\n)+", result.stderr)


def test_many_processes_that_start_others_are_all_ended(tmp_path: Path) -> None:
    loop = "while :; do sleep 3600 & sleep 0.01; done"
    result = run(tmp_path, "sh", "-c", f"for n in 1 2 3; do sh -c '{loop}' & done")
    assert result.returncode == 0
    assert not marked_processes(tmp_path)


def marked_processes(folder: Path) -> list[str]:
    mark = f"SLIPWAY_FOLDER={folder}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            variables = (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if mark in variables:
            found.append(process.name)
    return found


def test_what_a_stopped_command_left_running_is_ended_before_the_next_build(
    tmp_path: Path,
) -> None:
    environment = os.environ | {"SLIPWAY_FOLDER": str(tmp_path), "GIT_DIR": "repository.git"}
    process = subprocess.Popen(["sleep", "3600"], env=environment, cwd=tmp_path)
    command = ["bash", str(SCRIPTS / "repository.bash")]
    subprocess.run(command, cwd=tmp_path, env=os.environ | {"GIT_DIR": "x.git"}, check=True)
    assert process.wait(20) == -9


def test_git_in_a_command_finds_no_repository_around_the_tree(tmp_path: Path) -> None:
    around = Repository(tmp_path / "around")
    around.commit({"a": "a\n"})
    folder = around.folder / "build"
    folder.mkdir()
    result = run(folder, "git", "rev-parse", "HEAD")
    assert result.returncode != 0
    assert "not a git repository" in result.stderr


def test_a_repository_that_the_command_makes_in_the_tree_is_found(tmp_path: Path) -> None:
    make = "git init -q lib && cd lib && git rev-parse --show-toplevel"
    result = run(tmp_path, "sh", "-c", make)
    assert result.stdout.strip() == str(tmp_path / "tree" / "lib")
