"""Other programs that the agent runs: their errors are read, and nothing waits for ever."""

import subprocess
from pathlib import Path

import pytest

from agent.commands import die_with_parent, pipe
from agent.errors import AgentError

WARNINGS = "yes a warning | head -c 200000 >&2; "
"""More than a pipe holds, which is 64 kB."""


def test_a_dump_with_many_warnings_is_written_whole(tmp_path: Path) -> None:
    target = tmp_path / "target"
    pipe(["sh", "-c", f"{WARNINGS} echo rows"], ["dd", f"of={target}", "status=none"])
    assert target.read_text() == "rows\n"


@pytest.mark.parametrize("after", ["exit 3", "echo rows; exit 3"])
def test_a_source_that_fails_after_its_warnings_is_an_error(after: str) -> None:
    with pytest.raises(AgentError, match=r"^sh failed: a warning$"):
        pipe(["sh", "-c", f"{WARNINGS} {after}"], ["cat"])


def test_a_target_that_fails_is_the_error_although_its_source_fails_too() -> None:
    with pytest.raises(AgentError, match=r"^sh failed: the disk is full$"):
        pipe(["yes"], ["sh", "-c", "echo the disk is full >&2; exit 4"])


def test_a_command_does_not_start_when_its_program_has_ended_already(tmp_path: Path) -> None:
    command = [str(word) for word in die_with_parent(["touch", tmp_path / "made"])]
    # A shell in between is its parent, as another process is when the program was killed.
    done = subprocess.run(["sh", "-c", '"$@"; exit $?', "sh", *command], check=False)
    assert done.returncode
    assert not (tmp_path / "made").exists()
    assert subprocess.run(command, check=False).returncode == 0
    assert (tmp_path / "made").exists()
