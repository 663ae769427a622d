"""`make stop`: end every process of one installation, and no other process.

Standard library only: it needs no virtual environment, and root can run it too.
"""

import os
import shutil
import signal
import subprocess
from argparse import ArgumentParser
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from agent.process_group import Process, living_processes, read_at_once, recorded_group
from cloud.polling import wait_until
from local.bootstrap import folders, service_user
from local.errors import CommandError, exit_on_error
from local.layout import CHECKOUT, Layout, add_arguments, read_layout

SUPERVISOR_SECONDS = 100
"""For the orderly end of all programs; a database may have much to write."""
SECONDS = 10
"""For the processes that a killed supervisord left behind."""


def own_processes(layout: Layout) -> list[Process]:
    """The living processes of this installation, also those that outlive a killed supervisord.

    They belong to the owner of its folder, and either its path is in their environment or they are
    in a recorded process group.
    """
    owner = layout.state.stat().st_uid
    groups = {recorded_group(record) for record in layout.records()}
    processes = [process for process in living_processes() if is_owned_by(process, owner)]
    return [p for p in processes if p.group in groups or names_state(p, layout.state)]


def is_owned_by(process: Process, user: int) -> bool:
    """Whether it is a process of this user, and not this process."""
    try:
        return Path(f"/proc/{process.pid}").stat().st_uid == user and process.pid != os.getpid()
    except OSError:
        return False


def names_state(process: Process, state: Path) -> bool:
    """Whether the installation's folder is in the process's environment."""
    try:
        environment = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"SLIPWAY_STATE=" + bytes(state) in environment


def stop(layout: Layout) -> bool:
    """End everything; returns whether anything ran. Raises CommandError for what does not end."""
    if not layout.state.is_dir():
        return False
    if not os.access(layout.state, os.W_OK | os.X_OK):
        owner = layout.state.owner()
        raise CommandError(f"{layout.state} belongs to {owner}; run this as {owner} or as root")
    processes = own_pids(layout)
    supervisor = read_pid(layout.supervisor_pid)
    if supervisor in processes:
        send_signal(signal.SIGTERM, [supervisor])
        wait_until(lambda: supervisor not in own_pids(layout), SUPERVISOR_SECONDS)
    for number in (signal.SIGTERM, signal.SIGKILL):
        send_signal(number, own_pids(layout))
        if wait_until(lambda: not own_processes(layout), SECONDS):
            remove_runtime_files(layout)
            return bool(processes)
    raise CommandError(f"these processes do not end: {own_pids(layout)}")


def become_owner(layout: Layout) -> None:
    """Go on as the account of the installation, which can end and remove only what is its own.

    Raises CommandError for a folder behind a link that another account could have made.
    """
    folders.secure_process()
    try:
        with folders.opened(layout.state) as folder:
            owner = os.fstat(folder)
    except FileNotFoundError:
        return
    service_user.become(CHECKOUT, service_user.account(owner.st_uid))


def own_pids(layout: Layout) -> list[int]:
    return [process.pid for process in own_processes(layout)]


def read_pid(path: Path) -> int:
    """The number in a file; 0 when there is none."""
    try:
        return int(read_at_once(path))
    except (OSError, ValueError):
        return 0


def send_signal(number: signal.Signals, pids: Iterable[int]) -> None:
    """Send a signal to the processes that still exist."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def remove_runtime_files(layout: Layout) -> None:
    """Remove the records of processes, and sockets at which nobody listens."""
    shutil.rmtree(layout.pids, ignore_errors=True)
    stale = (layout.supervisor_pid, layout.supervisor_socket, *layout.state.glob("*/run/**/*.pid"))
    for path in stale:
        path.unlink(missing_ok=True)


def remove_installation(layout: Layout) -> None:
    """Remove the installation's folder, in which released files are read-only."""
    if not layout.state.exists():
        return
    if not layout.gitconfig.exists():
        raise CommandError(f"{layout.state} is no installation of ours; nothing was removed")
    for command in (("chmod", "-R", "u+rwX"), ("rm", "-rf")):
        result = subprocess.run((*command, "--", str(layout.state)), check=False)
    # Its owner may not be allowed to remove the folder itself, but nothing may be left in it.
    if result.returncode and any(layout.state.iterdir()):
        raise CommandError(f"{layout.state} cannot be removed")


def main() -> None:
    parser = add_arguments(ArgumentParser(description=__doc__))
    parser.add_argument("--forget", action="store_true", help="remove releases and databases too")
    options = parser.parse_args()
    layout = read_layout(options)
    if os.geteuid() == 0:
        become_owner(layout)
    print("Stopped." if stop(layout) else "Nothing was running.")
    if options.forget:
        remove_installation(layout)
        print(f"Removed {layout.state}: releases, databases, secrets and history.")


if __name__ == "__main__":
    exit_on_error(main)
