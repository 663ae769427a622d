"""`make stop`: end every process of one installation, and none of anybody else's.

Standard library only: it works without the virtual environment, and for root without anything.
"""

import os
import shutil
import signal
import subprocess
import time
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from agent.process_group import Process, living_processes, recorded_group
from local.errors import CommandError, exit_on_error
from local.layout import Layout, arguments, layout

PATIENCE = 100
"""Seconds for everything to end in good order; a database may have much to write."""
GRACE = 10
"""Seconds for what a killed supervisord left behind."""


def ours(layout: Layout) -> list[Process]:
    """The living processes of this installation.

    They belong to the owner of its folder, and carry its mark in their environment or are in a
    process group that one of its programs was started in; either outlives a killed supervisord.
    """
    owner = layout.state.stat().st_uid
    groups = {recorded_group(record) for record in layout.records()}
    own = (process for process in living_processes() if belongs(process, owner))
    return [p for p in own if p.group in groups or marked(p, layout.state)]


def belongs(process: Process, owner: int) -> bool:
    try:
        return Path(f"/proc/{process.pid}").stat().st_uid == owner and process.pid != os.getpid()
    except OSError:
        return False


def marked(process: Process, state: Path) -> bool:
    try:
        environment = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"SLIPWAY_STATE=" + bytes(state) in environment


def stop(layout: Layout) -> bool:
    """End everything; whether anything ran. Raises CommandError when something will not end."""
    if not layout.state.is_dir():
        return False
    if not os.access(layout.state, os.W_OK | os.X_OK):
        owner = layout.state.owner()
        raise CommandError(f"{layout.state} belongs to {owner}; run this as {owner} or as root")
    found = ours(layout)
    supervisor = read_pid(layout.supervisor_pid)
    if supervisor in {process.pid for process in found}:
        send(signal.SIGTERM, [supervisor])
        gone(lambda: supervisor not in {process.pid for process in ours(layout)}, PATIENCE)
    for last_word in (signal.SIGTERM, signal.SIGKILL):
        send(last_word, [process.pid for process in ours(layout)])
        if gone(lambda: not ours(layout), GRACE):
            forget_processes(layout)
            return bool(found)
    raise CommandError(f"these processes do not end: {[process.pid for process in ours(layout)]}")


def read_pid(path: Path) -> int:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0


def send(what: signal.Signals, pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, what)


def gone(ended: Callable[[], bool], seconds: float) -> bool:
    limit = time.monotonic() + seconds
    while not ended():
        if time.monotonic() > limit:
            return False
        time.sleep(0.1)
    return True


def forget_processes(layout: Layout) -> None:
    """Remove what says that something runs: process numbers, and sockets nobody listens at."""
    shutil.rmtree(layout.pids, ignore_errors=True)
    stale = (layout.supervisor_pid, layout.supervisor_socket, *layout.state.glob("*/run/**/*.pid"))
    for path in stale:
        path.unlink(missing_ok=True)


def forget(layout: Layout) -> None:
    """Remove the installation's folder, in which released files are read-only."""
    if not layout.state.exists():
        return
    if not layout.gitconfig.exists():
        raise CommandError(f"{layout.state} is no installation of ours; nothing was removed")
    for command in (("chmod", "-R", "u+rwX"), ("rm", "-rf")):
        subprocess.run((*command, "--", str(layout.state)), check=True)


def main() -> None:
    parser = arguments(ArgumentParser(description=__doc__))
    parser.add_argument("--forget", action="store_true", help="remove releases and databases too")
    given = parser.parse_args()
    meant = layout(given)
    print("Stopped." if stop(meant) else "Nothing was running.")
    if given.forget:
        forget(meant)
        print(f"Removed {meant.state}: releases, databases, secrets and history.")


if __name__ == "__main__":
    exit_on_error(main)
