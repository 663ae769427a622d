"""Process groups that may outlive their supervisor, and the files by which they are found again.

    python3 -I -S agent/process_group.py RECORD PROGRAM ARGUMENT...

becomes the program, as the recorded leader of its process group. With a record alone, it ends what
is left of that group. Standard library only, and little of it: the program starts 25 ms later, and
`make stop` needs no virtual environment.
"""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Differs after each start of the machine, which gives the same process numbers again."""


class Process(NamedTuple):
    """One line of `/proc/<pid>/stat`: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html."""

    pid: int
    group: int
    started: int
    """Clock ticks after the machine's boot: with the number, this identifies a process."""
    dead: bool

    @classmethod
    def parse(cls, stat: str) -> "Process":
        """Raises ValueError or IndexError for another text."""
        # The second field, the name in parentheses, may hold spaces and parentheses.
        fields = stat.rpartition(") ")[2].split()
        pid = int(stat.partition(" (")[0])
        return cls(pid, int(fields[2]), int(fields[19]), dead=fields[0] in "ZX")


def read_process(pid: int) -> Process | None:
    """The process that has a number now; None when there is none."""
    try:
        return Process.parse(Path(f"/proc/{pid}/stat").read_text("utf-8", "replace"))
    except OSError:
        return None


def living_processes() -> Iterator[Process]:
    """Every process of this machine that has not ended."""
    for folder in Path("/proc").glob("[0-9]*"):
        if (process := read_process(int(folder.name))) and not process.dead:
            yield process


def write_record(record: Path) -> None:
    """Record the process group that this process leads: its leader's `stat` and the boot's id."""
    record.parent.mkdir(parents=True, exist_ok=True)
    stat = Path("/proc/self/stat").read_text("utf-8", "replace").strip()
    draft = record.with_suffix(".new")
    draft.write_text(f"{stat} {BOOT_ID.read_text()}")
    draft.rename(record)


def recorded_group(record: Path) -> int | None:
    """The process group that a record names; None when its number may belong to others by now.

    It is ours if the machine has not restarted since, and its leader is the recorded process or has
    ended: the number of a group that still has members is given to no new process.
    """
    try:
        stat, _, boot_id = read_at_once(record).rpartition(" ")
        leader = Process.parse(stat)
    except (OSError, ValueError, IndexError):
        return None
    current = read_process(leader.pid)
    same_leader = current is None or current.started == leader.started
    return leader.pid if boot_id == BOOT_ID.read_text() and same_leader else None


def read_at_once(path: Path) -> str:
    """The text of a file; raises OSError, and never waits for somebody who writes to a pipe."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), errors="replace") as file:
        return file.read()


def kill_group(record: Path) -> None:
    """Kill what a predecessor left behind when it or its supervisor was killed."""
    if group := recorded_group(record):
        with suppress(OSError):
            os.killpg(group, signal.SIGKILL)


def end_group(record: Path, seconds: float = 30.0) -> None:
    """Terminate what a process left in its group, and kill what remains after some seconds."""
    if group := recorded_group(record):
        limit = time.monotonic() + seconds
        with suppress(OSError):
            os.killpg(group, signal.SIGTERM)
            while time.monotonic() < limit:
                os.killpg(group, 0)
                time.sleep(0.02)
            os.killpg(group, signal.SIGKILL)


def exists(record: Path) -> bool:
    """Whether the recorded group still has members, of whichever account."""
    if not (group := recorded_group(record)):
        return False
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def ending(record: Path) -> tuple[str, ...]:
    """The command that ends what is left of a group, for the account whose group it is."""
    return ("/usr/bin/python3", "-I", "-S", __file__, str(record))


def lead(record: Path) -> None:
    """Replace the recorded group by that of this process, which supervisord made a leader."""
    kill_group(record)
    write_record(record)


def main() -> None:
    record, *command = sys.argv[1:]
    if not command:
        end_group(Path(record))
        return
    lead(Path(record))
    try:
        os.execvp(command[0], command)  # noqa: S606  # the supervised program
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
