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
from functools import partial
from pathlib import Path

from agent.process_group import Process, living_processes, read_at_once, recorded_group
from cloud.polling import wait_until
from local import account_names, installation_accounts
from local.account_names import MASTER
from local.as_account import call, call_each
from local.bootstrap import folders, service_user
from local.bootstrap.service_user import NOBODY
from local.errors import CommandError, exit_on_error
from local.installation_accounts import named_state
from local.layout import CHECKOUT, Layout, add_arguments, read_layout

SUPERVISOR_SECONDS = 100
"""For the orderly end of all programs; a database may have much to write."""
SECONDS = 10
"""For the processes that a killed supervisord left behind."""


def own_processes(layout: Layout) -> list[Process]:
    """The living processes of this installation, also those that outlive a killed supervisord.

    They belong to this account, and either the installation's path is in their environment or they
    are in a recorded process group. What a build left behind under an account that only the
    installation has is its own too, whatever it did to its environment and its group.
    """
    owner = os.geteuid()
    groups = {recorded_group(record) for record in layout.records()}
    own_states = (str(layout.state), "") if layout.account else (str(layout.state),)
    processes = [process for process in living_processes() if is_owned_by(process, owner)]
    return [p for p in processes if p.group in groups or named_state(p) in own_states]


def is_owned_by(process: Process, user: int) -> bool:
    """Whether it is a process of this user, and not this process."""
    try:
        return Path(f"/proc/{process.pid}").stat().st_uid == user and process.pid != os.getpid()
    except OSError:
        return False


def stop(layout: Layout) -> bool:
    """End everything; returns whether anything ran. Raises CommandError for what does not end."""
    if not layout.own.is_dir():
        return False
    if not os.access(layout.own, os.W_OK | os.X_OK):
        owner = folders.owner_name(layout.own.stat().st_uid)
        raise CommandError(f"{layout.own} belongs to {owner}; run this as {owner} or as root")
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


def stop_all(layout: Layout) -> bool:
    """End the processes of all accounts, each with its own rights; returns whether anything ran.

    The master is last, so that it sees how its workers end.
    """
    if not layout.separate:
        return stop(layout)
    accounts = account_names.only_accounts(installation_accounts.numbers(layout))
    names = [name for name in accounts if name != MASTER]
    ended = call_each(layout, {name: partial(stop, layout.of(name)) for name in names})
    return call(layout, MASTER, lambda: stop(layout.of(MASTER))) or any(ended.values())


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
    for path in layout.runtime_files():
        path.unlink(missing_ok=True)


def remove_installation(layout: Layout) -> None:
    """Remove the installation's folder, in which released files are read-only."""
    if not layout.state.exists():
        return
    if layout.separate:
        with folders.opened(layout.state.parent) as parent:
            folders.remove(layout.state.name, parent)
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
        become_unprivileged(layout)
    print("Stopped." if stop_all(layout) else "Nothing was running.")
    if options.forget:
        remove_installation(layout)
        print(f"Removed {layout.state}: releases, databases, secrets and history.")


def become_unprivileged(layout: Layout) -> None:
    """Go on as the account of an installation that has only one; otherwise root remains root."""
    folders.secure_process()
    if layout.separate:
        service_user.open_checkout(CHECKOUT, service_user.account(NOBODY))
    elif layout.state.is_symlink() or layout.state.exists():
        installation_accounts.become(layout, "")


if __name__ == "__main__":
    exit_on_error(main)
