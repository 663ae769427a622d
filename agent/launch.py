"""`python -m agent.launch PLAN`: what supervisord starts becomes one process of a release.

Neither pydantic nor anything that needs it is loaded: a process that died should be back at once.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from agent.errors import AgentError, error_message

BOOT = Path("/proc/sys/kernel/random/boot_id")
"""Another one after each start of the machine: process numbers begin again then."""


@dataclass(frozen=True)
class Plan:
    """What it takes to start a process; a file of it holds no secret."""

    command: list[str]
    """`{socket}` in it is the path to listen on."""
    folder: str
    """The release, by its own name and not by a link's."""
    socket: str
    name: str
    """The link by which others know the socket, made here unless it is there."""
    record: str
    """Where to note which process group this is."""
    settings: str
    """The file of environment variables that were rendered for it; there need be none."""
    variables: dict[str, str]
    account: int | None = None
    group: int | None = None
    """Who may use the socket of a public service, besides the account."""
    umask: int = 0o077


def launch(plan: Plan) -> None:
    """Become the process; returns never. Raises AgentError for a file of settings that is none."""
    end(Path(plan.record))
    note(Path(plan.record))
    make_room(plan)
    if plan.account is not None:
        os.setgroups([])
        os.setgid(plan.account)
        os.setuid(plan.account)
    variables = {**plan.variables, **settings(Path(plan.settings)), "SLIPWAY_SOCKET": plan.socket}
    command = [word.replace("{socket}", plan.socket) for word in plan.command]
    os.chdir(plan.folder)
    os.umask(plan.umask)
    try:
        os.execvpe(command[0], command, variables)  # noqa: S606  # what we are here for
    except FileNotFoundError:
        raise AgentError(f"there is no program {command[0]}") from None


def end(record: Path) -> None:
    """End what a predecessor left behind when it or its supervisor was killed."""
    with suppress(OSError, IndexError, ValueError):
        if group := noted(record):
            os.killpg(group, signal.SIGKILL)


def noted(record: Path) -> int | None:
    """The process group that a record means; none when the number may mean others by now.

    It is ours while the machine has not restarted and its leader started when the record says, or
    there is no leader, since numbers of living groups are not given away.
    """
    stat, _, machine = record.read_text().rpartition(" ")
    group = int(stat.split()[0])
    ours = machine == BOOT.read_text() and born(current(group)) in (born(stat), "")
    return group if ours else None


def finish(record: Path, seconds: float = 30.0) -> None:
    """End what a process left in its group: it may have been a shell, or npm."""
    with suppress(OSError, IndexError, ValueError):
        group = noted(record)
        if not group:
            return
        os.killpg(group, signal.SIGTERM)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            os.killpg(group, 0)
            time.sleep(0.02)
        os.killpg(group, signal.SIGKILL)


def current(process: int) -> str:
    """`/proc/<pid>/stat`; empty when there is no such process."""
    try:
        return Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return ""


def born(stat: str) -> str:
    """When a process started, in clock ticks: the twenty-second field, after a name with spaces."""
    fields = stat.rpartition(") ")[2].split()
    return fields[19] if fields else ""


def note(record: Path) -> None:
    """Leave the number of our process group, which supervisord made us the leader of."""
    record.parent.mkdir(parents=True, exist_ok=True)
    draft = record.with_suffix(".new")
    draft.write_text(f"{current(os.getpid()).strip()} {BOOT.read_text()}")
    draft.rename(record)


def make_room(plan: Plan) -> None:
    """Make the socket's folder and the link to it; remove what a killed process left in its place.

    All of that may be gone after the machine started anew.
    """
    socket, name = Path(plan.socket), Path(plan.name)
    socket.parent.parent.mkdir(parents=True, exist_ok=True)
    socket.parent.mkdir(mode=0o700, exist_ok=True)
    if plan.account is not None:
        os.chown(socket.parent, plan.account, plan.account if plan.group is None else plan.group)
        # Sockets belong to the folder's group.
        socket.parent.chmod(0o2750)
    socket.unlink(missing_ok=True)
    if not name.is_symlink():
        name.symlink_to(socket.name)


def settings(path: Path) -> Mapping[str, str]:
    """The variables in a file of settings, taken literally; none when there is no file."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8") as file:
        return variables(path, file)


def variables(path: Path, text: TextIO) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(text.read().split("\n"), 1):
        if line.strip() and not line.startswith("#"):
            name, equals, value = line.partition("=")
            if not equals or not name.isidentifier():
                raise AgentError(f"{path}: line {number} is not NAME=value")
            found[name] = value
    return found


def main() -> int:
    """The exit code when it could not become the process; why is in its log."""
    try:
        launch(Plan(**json.loads(Path(sys.argv[1]).read_text())))
    except (AgentError, OSError) as reason:
        print(error_message(reason), file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
