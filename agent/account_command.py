"""Commands that run as a component: with its account, where it has one of its own.

The agent has no right to give a process another account. The component's supervisord has that
account already, and starts the command; its output comes back through a named pipe.
"""

import json
import os
import select
import shlex
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from agent import commands
from agent.command_launch import CommandPlan
from agent.commands import PATH, Command, Watch
from agent.component_directory import ComponentDirectory, write_atomically
from agent.masked_output import BLOCK, Masked, write_all
from agent.supervisor import Supervisor, section

POLL_SECONDS = 0.05


def run(
    directory: ComponentDirectory,
    command: Command,
    folder: Path,
    variables: Mapping[str, str],
    hidden: str = "",
    watch: Watch | None = None,
) -> int:
    """Run a command of the component; its exit code.

    Its output goes to the build's log, which anybody may read, without the hidden text.
    """
    socket = supervisor_socket(directory)
    if not socket:
        return commands.run_in_log(command, folder, variables, hidden, watch)
    supervisor = Supervisor(socket)
    pipe = file(directory, "pipe")
    plan = CommandPlan([str(word) for word in command], str(folder), str(pipe), dict(variables))
    remove(directory)
    os.mkfifo(pipe)
    pipe.chmod(0o620)  # its group, the component's, writes
    write_atomically(file(directory, "json"), json.dumps(asdict(plan), indent=2) + "\n", 0o640)
    text = section(f"program:{name(directory)}", program_keys(directory))
    write_atomically(file(directory, "conf"), text, 0o640)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        supervisor.ensure_running(name(directory))
        masked = Masked(hidden.encode())
        return copy_output(supervisor, name(directory), reading, masked, watch)
    finally:
        os.close(reading)
        remove(directory)


def run_program(directory: ComponentDirectory, command: Command) -> int:
    """Run a program of ours with the component's account; its exit code."""
    return run(directory, command, Path("/"), PATH)


def copy_output(
    supervisor: Supervisor, program: str, reading: int, masked: Masked, watch: Watch | None
) -> int:
    """Copy what a program writes until it has ended; its exit code."""
    code = None
    while code is None:
        select.select([reading], [], [], POLL_SECONDS)
        if watch:
            watch()
        # Asked before the last read: what it wrote until its end is in the pipe.
        code = supervisor.exit_code(program)
        with suppress(BlockingIOError):
            while block := os.read(reading, BLOCK):
                write_all(1, masked.feed(block))
    write_all(1, masked.end())
    return code


def remove(directory: ComponentDirectory) -> None:
    """End the component's command, if a killed agent has left one; nothing is left of it."""
    configuration = file(directory, "conf")
    if not configuration.exists():
        return
    if socket := supervisor_socket(directory):
        Supervisor(socket).remove(name(directory))
    for ending in ("pipe", "json", "conf"):
        file(directory, ending).unlink(missing_ok=True)


def supervisor_socket(directory: ComponentDirectory) -> Path | None:
    """The supervisord of the component's own account, if it has one."""
    account = directory.server.accounts.get(directory.component)
    return account.supervisor if account else None


def name(directory: ComponentDirectory) -> str:
    """The program in supervisord; it has a dot, as those of processes."""
    return f"{directory.component}.command"


def file(directory: ComponentDirectory, ending: str) -> Path:
    return directory.server.services(directory.component) / f"{name(directory)}.{ending}"


def program_keys(directory: ComponentDirectory) -> Mapping[str, object]:
    launcher = (sys.executable, "-B", "-m", "agent.command_launch", str(file(directory, "json")))
    return {
        "command": shlex.join(launcher),
        "directory": Path(__file__).parents[1],
        "autostart": "false",
        "autorestart": "false",
        "startsecs": 0,
        "startretries": 0,
        "stopwaitsecs": 1,
        "stopasgroup": "true",
        "killasgroup": "true",
        "stdout_logfile": "NONE",
        "stderr_logfile": "NONE",
    }
