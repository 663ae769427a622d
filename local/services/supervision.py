"""supervisord and what it is told: it starts our programs, and starts again the ones that die."""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from agent import instances
from agent.supervisor import fault, section
from local.bootstrap.service_user import VISIBLE, kept
from local.layout import CHECKOUT, Layout
from local.services.programs import BIN, SYSTEM_PATH, Program

STARTING, RUNNING = 10, 20
"""https://supervisord.org/subprocess.html#process-states"""
LEAD = str(CHECKOUT / "local" / "services" / "lead.sh")
ENDED = (0, 100, 200)
"""Stopped, exited, given up: it does not come back by itself."""


class Supervisor:
    """One installation's supervisord."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    @property
    def _calls(self) -> Any:  # XML-RPC answers with what it likes
        """A new connection each time: the transport cannot use one again that once failed."""
        url = f"unix://{self.layout.supervisor_socket}"
        transport = SupervisorTransport(None, None, url)  # type: ignore[no-untyped-call]  # supervisor has no types
        # The address is not used, but has to be there: http://supervisord.org/api.html
        return ServerProxy("http://127.0.0.1", transport).supervisor

    def runs(self) -> bool:
        try:
            return bool(self._calls.getState()["statename"] == "RUNNING")
        except (OSError, HTTPException):
            return False

    def start(self) -> None:
        """Start supervisord itself, which starts nothing yet."""
        configuration = str(self.layout.supervisor_configuration)
        command = (sys.executable, "-m", "supervisor.supervisord", "-c", configuration)
        subprocess.run(command, check=True, cwd=self.layout.state, env=environment(self.layout))

    def adopt(self) -> None:
        """Take up the written configuration: programs added, changed and removed.

        Processes of releases come and go meanwhile: those are left to the deployments.
        """
        ((added, changed, removed),) = self._calls.reloadConfig()
        for name in (*changed, *removed):
            fault(self._calls.stopProcessGroup, name)
            fault(self._calls.removeProcessGroup, name)
        for name in (*added, *changed):
            if not instances.is_instance_name(name):
                fault(self._calls.addProcessGroup, name)

    def states(self) -> dict[str, int]:
        """What each program is at, as supervisor.states.ProcessStates."""
        return {found["name"]: found["state"] for found in self._calls.getAllProcessInfo()}

    def begin(self, name: str) -> None:
        self._calls.startProcess(name, False)

    def begin_again(self, name: str) -> None:
        with suppress(Fault):  # it may have ended already
            self._calls.stopProcess(name)
        self.begin(name)

    def signal(self, name: str, signal: str) -> None:
        self._calls.signalProcess(name, signal)


def environment(layout: Layout) -> dict[str, str]:
    """What every program finds in its environment; none of it is secret."""
    pycache = os.environ.get("PYTHONPYCACHEPREFIX", str(CHECKOUT / "var" / "cache" / "pycache"))
    given = {name: value for name, value in kept(os.environ).items() if name != VISIBLE}
    return {
        **given,
        "PATH": f"{BIN}:{SYSTEM_PATH}",
        "HOME": str(layout.home),
        "LANG": "C.UTF-8",
        "PYTHONPYCACHEPREFIX": pycache,
        "GIT_CONFIG_GLOBAL": str(layout.gitconfig),
        "GIT_CONFIG_NOSYSTEM": "1",
        "SLIPWAY_STATE": str(layout.state),
    }


def configuration(layout: Layout, programs: Sequence[Program]) -> str:
    """The text of supervisord.conf."""
    further = " ".join(str(program.further) for program in programs if program.further)
    sections: dict[str, Mapping[str, object]] = {
        "unix_http_server": {"file": layout.supervisor_socket, "chmod": "0600"},
        "rpcinterface:supervisor": {
            "supervisor.rpcinterface_factory": ("supervisor.rpcinterface:make_main_rpcinterface"),
        },
        "supervisord": {
            "pidfile": layout.supervisor_pid,
            "logfile": layout.log("supervisord"),
            "logfile_maxbytes": "10MB",
            "logfile_backups": 3,
            "childlogdir": layout.logs,
            "directory": layout.state,
        },
        **{f"program:{program.name}": described(layout, program) for program in programs},
        **({"include": {"files": further}} if further else {}),
    }
    return "\n".join(section(name, keys) for name, keys in sections.items())


def described(layout: Layout, program: Program) -> Mapping[str, object]:
    """What supervisord is told about one program."""
    recorded = layout.pids / program.name
    return {
        "command": shlex.join(("/bin/sh", LEAD, str(recorded), *program.command)),
        "directory": program.folder,
        "environment": f'PATH="{program.path}"',
        "priority": program.priority,
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
