"""The record of a process group: which processes it names, and which it spares."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent import process_group
from agent.process_group import BOOT_ID, end_group, kill_group, living_processes, recorded_group
from tests.agent.waiting import has_ended, wait_until

COMMAND = (sys.executable, "-I", "-S", str(process_group.__file__))


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "pids" / "program"


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process group that nobody recorded."""
    with subprocess.Popen(("sleep", "600"), process_group=0) as process:
        yield process
        process.kill()


def written(record: Path, pid: int, *, started: str = "", boot_id: str = "") -> None:
    """A record of a process, except for what is given."""
    fields = Path(f"/proc/{pid}/stat").read_text().split()
    fields[21] = started or fields[21]
    record.parent.mkdir()
    record.write_text(f"{' '.join(fields)} {boot_id or BOOT_ID.read_text()}")


def start_leader(record: Path, *command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen((*COMMAND, str(record), *command), process_group=0)


def members(group: int) -> set[int]:
    return {process.pid for process in living_processes() if process.group == group}


def lead_anew(record: Path) -> None:
    """What supervisord does when a program has ended."""
    with start_leader(record, "true") as process:
        assert process.wait() == 0


ENDING = {"kill": kill_group, "end": lambda record: end_group(record, 0), "lead anew": lead_anew}


@pytest.mark.parametrize("end", ENDING.values(), ids=ENDING)
@pytest.mark.parametrize("difference", [{"started": "1"}, {"boot_id": "another-boot\n"}])
def test_a_process_that_got_a_recorded_number_later_is_spared(
    record: Path,
    stranger: subprocess.Popen[bytes],
    end: Callable[[Path], None],
    difference: dict[str, str],
) -> None:
    written(record, stranger.pid, **difference)
    assert recorded_group(record) is None
    end(record)
    assert stranger.poll() is None


@pytest.mark.parametrize("end", ENDING.values(), ids=ENDING)
def test_a_recorded_group_ends(
    record: Path, stranger: subprocess.Popen[bytes], end: Callable[[Path], None]
) -> None:
    written(record, stranger.pid)
    end(record)
    assert stranger.wait() < 0


@pytest.mark.parametrize("text", ["", "words", "1 (sh) S", None])
def test_a_file_that_is_no_record_names_no_group(record: Path, text: str | None) -> None:
    if text is not None:
        record.parent.mkdir()
        record.write_text(text)
    assert recorded_group(record) is None


def test_what_a_shell_left_in_its_group_ends_with_it(record: Path) -> None:
    with start_leader(record, "sh", "-c", "sleep 600 & wait") as process:
        wait_until(lambda: len(members(process.pid)) == 2)
        (left,) = members(process.pid) - {process.pid}
        process.terminate()
        process.wait()
        assert not has_ended(left)
        assert recorded_group(record) == process.pid
        end_group(record)
        wait_until(lambda: has_ended(left))


def test_a_program_that_does_not_exist_is_named(record: Path) -> None:
    command = (*COMMAND, str(record), "/absent")
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (process.returncode, process.stderr) == (1, "/absent: No such file or directory\n")
