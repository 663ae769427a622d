"""`make cloud-stop`: end every process, machine and namespace of one cloud, and nothing else.

    /usr/bin/python3 -B -m tests.cloud.stop [--state FOLDER] [--when-gone PID]

Standard library only. What outlives a crash is found as well: processes carry the cloud's folder in
their environment, namespaces carry its prefix, and machines are mounted where only they see it.
"""

import os
import shutil
import signal
from argparse import ArgumentParser

from agent.process_group import read_process
from cloud.polling import wait_until
from local import stop
from local.bootstrap import folders, service_user
from local.errors import CommandError, exit_on_error
from tests.cloud import marked, network
from tests.cloud.layout import KEPT, Layout, arguments, layout
from tests.cloud.machine import Machine

PATIENCE = 30
"""Seconds in which the kernel may take everything away."""


def end(layout: Layout) -> bool:
    """End everything; whether anything ran. Raises CommandError when something will not end."""
    found = others(layout)

    def ended() -> bool:
        # Nothing is kept, so nothing has to end in good order.
        stop.send_signal(signal.SIGKILL, others(layout))
        return not others(layout)

    if not wait_until(ended, PATIENCE):
        raise CommandError(f"these processes do not end: {others(layout)}")
    for folder in layout.machines.glob("*"):
        Machine(layout, folder.name).remove()
    for namespace in network.namespaces():
        if namespace.startswith(layout.prefix):
            network.remove(namespace)
    shutil.rmtree(layout.state, ignore_errors=True)
    return bool(found)


def others(layout: Layout) -> list[int]:
    """The cloud's processes but for this one."""
    return [p.pid for p in marked.processes(layout.state) if p.pid != os.getpid()]


def wait_for_end(pid: int) -> None:
    """Until the process that is meant now has ended."""
    meant = read_process(pid)

    def ended() -> bool:
        now = read_process(pid)
        return not (meant and now) or now.dead or now.started != meant.started

    while not wait_until(ended, 3600):
        pass


def require_root(layout: Layout) -> None:
    """Raises CommandError unless root runs this, in folders that are root's alone."""
    if os.geteuid():
        raise CommandError(
            "the test cloud is root's (namespaces, mounts, machines): run this as root"
        )
    folders.secure_process()
    service_user.require_root_s(KEPT.parent)
    service_user.prepare_var(KEPT.parent, service_user.service_user(KEPT.parent))
    folders.own(KEPT)
    with folders.opened(layout.state.parent):
        pass


def main() -> None:
    parser = arguments(ArgumentParser(description=__doc__))
    parser.add_argument("--when-gone", type=int, metavar="PID", help="first wait for its end")
    given = parser.parse_args()
    meant = layout(given)
    require_root(meant)
    if given.when_gone:
        wait_for_end(given.when_gone)
    print("The test cloud is stopped." if end(meant) else "No test cloud was running.")


if __name__ == "__main__":
    exit_on_error(main)
