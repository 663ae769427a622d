"""The installation's supervisord, which starts our programs and restarts those that die."""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from agent import process_group, supervisor
from local import account_names
from local.account_names import EDGE
from local.bootstrap.service_user import IN_NAMESPACE, NAME, passed_on
from local.layout import CHECKOUT, Layout
from local.services.programs import BIN, SYSTEM_PATH, Program

LEAD_GROUP = (sys.executable, "-I", "-S", str(process_group.__file__))


def start(layout: Layout) -> None:
    """Start supervisord, which starts no program yet."""
    path = str(layout.supervisor_configuration)
    command = (sys.executable, "-m", "supervisor.supervisord", "-c", path)
    subprocess.run(command, check=True, cwd=layout.own, env=environment(layout))


def environment(layout: Layout) -> dict[str, str]:
    """The environment of every program; it holds no secret."""
    pycache = os.environ.get("PYTHONPYCACHEPREFIX", str(CHECKOUT / "var" / "cache" / "pycache"))
    outer = {name: v for name, v in passed_on(os.environ).items() if name != IN_NAMESPACE}
    return {
        **outer,
        **({"USER": NAME, "LOGNAME": NAME} if layout.separate else {}),
        "PATH": f"{BIN}:{SYSTEM_PATH}",
        "HOME": str(layout.home),
        "LANG": "C.UTF-8",
        "PYTHONPYCACHEPREFIX": pycache,
        "GIT_CONFIG_GLOBAL": str(layout.gitconfig),
        "GIT_CONFIG_NOSYSTEM": "1",
        "SLIPWAY_STATE": str(layout.state),
    }


def configuration(layout: Layout, programs: Sequence[Program], folders: Sequence[Path] = ()) -> str:
    """The text of supervisord.conf; deployments write files of theirs into the `folders`."""
    include = " ".join(f"{folder}/*.conf" for folder in folders)
    _, part = account_names.split(layout.account)
    sections: dict[str, Mapping[str, object]] = {
        "supervisord": {
            "pidfile": layout.supervisor_pid,
            "logfile": layout.log("supervisord"),
            "logfile_maxbytes": "10MB",
            "logfile_backups": 3,
            "childlogdir": layout.logs,
            "directory": layout.own,
        },
        **{f"program:{program.name}": program_keys(layout, program) for program in programs},
        **({"include": {"files": include}} if include else {}),
    }
    # The environment's account commands the processes of its components.
    mode = "0770" if part and part != EDGE else "0600"
    return supervisor.configuration(layout.supervisor_socket, sections, mode)


def program_keys(layout: Layout, program: Program) -> Mapping[str, object]:
    """One program's section."""
    record = layout.pids / program.name
    return {
        "command": shlex.join((*LEAD_GROUP, str(record), *program.command)),
        "directory": program.folder,
        "environment": f'PATH="{program.path}"',
        "priority": program.priority,
        "umask": program.umask,
        "autostart": "false",
        "autorestart": "true",
        "startretries": program.restarts,
        "stopsignal": program.stop_signal,
        "stopwaitsecs": program.stop_seconds,
        "stopasgroup": "false",
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": layout.log(program.name),
        "stdout_logfile_maxbytes": "10MB",
        "stdout_logfile_backups": 3,
    }


def last_lines(log: Path, count: int = 12) -> str:
    """The end of a program's log."""
    try:
        return "\n".join(log.read_text("utf-8", "replace").splitlines()[-count:])
    except FileNotFoundError:
        return "(no log was written)"
