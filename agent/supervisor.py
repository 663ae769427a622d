"""The client of a supervisord, which it reaches through its Unix socket, and its configuration."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy, Transport

from agent import service_process
from agent.errors import AgentError
from agent.pages import UnixHTTPConnection
from agent.server import Server

BAD_NAME, ALREADY_STARTED, NOT_RUNNING, ALREADY_ADDED, STILL_RUNNING = EXPECTED = 10, 60, 70, 90, 91
"""https://github.com/Supervisor/supervisor/blob/4.3.0/supervisor/xmlrpc.py"""

SECONDS = 90.0
"""For one response: longer than any of our programs may take to stop."""

ALIVE = ("STARTING", "RUNNING")
"""https://supervisord.org/subprocess.html#process-states"""
ENDED = ("STOPPED", "EXITED", "FATAL")
"""supervisord does not start such a program again."""


class SocketTransport(Transport):
    """XML-RPC over a Unix socket; supervisor's own SupervisorTransport has no timeout."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def make_connection(self, host: Any) -> UnixHTTPConnection:
        """A new connection; the host is not used, but has to be there."""
        return UnixHTTPConnection(self.path, str(host), SECONDS)


@dataclass(frozen=True)
class Supervisor:
    """One supervisord; every method raises AgentError when it refuses or does not answer."""

    socket: Path

    def is_running(self) -> bool:
        """Whether it answers; never raises."""
        try:
            with self.connect() as rpc:
                return bool(rpc.getState()["statename"] == "RUNNING")
        except AgentError:
            return False

    def states(self) -> dict[str, str]:
        """The state of each program, in supervisord's words."""
        with self.connect() as rpc:
            return {process["name"]: process["statename"] for process in rpc.getAllProcessInfo()}

    def pids(self) -> dict[int, str]:
        """The name of each program that has a living process, by the number of the process."""
        with self.connect() as rpc:
            return {int(each["pid"]): each["name"] for each in rpc.getAllProcessInfo()}

    def pid(self, name: str) -> int | None:
        """The number of the program's living process; None when there is none."""
        with self.connect() as rpc:
            process = rpc.getProcessInfo(name)
            return int(process["pid"]) if process["statename"] in ALIVE else None

    def exit_code(self, name: str) -> int | None:
        """That of a program that has ended, -1 if a signal ended it; None while it runs."""
        with self.connect() as rpc:
            process = rpc.getProcessInfo(name)
            return int(process["exitstatus"]) if process["statename"] in ENDED else None

    def start(self, name: str) -> None:
        """Start a program that has ended, without waiting until it runs."""
        with self.connect() as rpc:
            rpc.startProcess(name, False)

    def restart(self, name: str) -> None:
        """Replace the process of a program."""
        with self.connect() as rpc:
            fault_code(rpc.stopProcess, name)
            rpc.startProcess(name, False)

    def signal(self, name: str, signal: str) -> None:
        with self.connect() as rpc:
            rpc.signalProcess(name, signal)

    def stop(self, name: str) -> None:
        """Send a program its stop signal, without waiting until it has ended."""
        with self.connect() as rpc:
            fault_code(rpc.stopProcessGroup, name, False)

    def ensure_running(self, name: str) -> None:
        """Start a program unless it runs; its configuration file may be new."""
        if self.states().get(name) in ("STOPPING", "BACKOFF"):
            self.remove(name)
        with self.connect() as rpc:
            if fault_code(rpc.startProcess, name, False) != BAD_NAME:
                return
            rpc.reloadConfig()
            if fault_code(rpc.addProcessGroup, name) == BAD_NAME:
                raise AgentError(
                    f"supervisord at {self.socket} does not include the file of {name}"
                )
            fault_code(rpc.startProcess, name, False)

    def remove(self, name: str) -> None:
        """Stop a program, wait until it has ended, and remove it from supervisord.

        Polled, since supervisord itself waits for the end of processes once a second.
        """
        limit = time.monotonic() + SECONDS
        with self.connect() as rpc:
            fault_code(rpc.stopProcessGroup, name, False)
            while fault_code(rpc.removeProcessGroup, name) == STILL_RUNNING:
                if time.monotonic() > limit:
                    raise AgentError(f"{name} does not end")
                time.sleep(0.02)

    def update(self) -> None:
        """Reload supervisord.conf; add, replace and remove the programs that differ in it.

        New processes of releases are left to the deployments that start them.
        """
        with self.connect() as rpc:
            ((added, changed, removed),) = rpc.reloadConfig()
            for name in (*changed, *removed):
                self.remove(name)
            for name in (*added, *changed):
                if not service_process.is_process_name(name):
                    fault_code(rpc.addProcessGroup, name)

    @contextmanager
    def connect(self) -> Iterator[Any]:
        """Supervisord's methods, https://supervisord.org/api.html."""
        try:
            with ServerProxy("http://supervisor", SocketTransport(self.socket)) as proxy:
                yield proxy.supervisor
        except Fault as fault:
            raise AgentError(f"supervisord: {fault.faultString}") from None
        except (OSError, HTTPException) as error:
            raise AgentError(f"supervisord does not answer at {self.socket}: {error}") from None


def supervisor_of(server: Server, component: str) -> Supervisor:
    """The supervisord of a component's processes; raises AgentError for a server without one."""
    account = server.accounts.get(component)
    socket = account.supervisor if account else server.supervisor
    if not socket:
        raise AgentError(f"{component} needs processes; server.toml has no key 'supervisor'")
    return Supervisor(socket)


def fault_code(method: Any, *arguments: object) -> int:
    """Call a method; the code of an expected fault, or 0."""
    try:
        method(*arguments)
    except Fault as fault:
        if fault.faultCode not in EXPECTED:
            raise
        return fault.faultCode
    return 0


def configuration(
    socket: Path, sections: Mapping[str, Mapping[str, object]], mode: str = "0600"
) -> str:
    """The text of a supervisord.conf with these sections, for a supervisord that has a socket.

    `mode` is that of the socket.
    """
    rpc = "supervisor.rpcinterface:make_main_rpcinterface"
    server: dict[str, Mapping[str, object]] = {
        "unix_http_server": {"file": socket, "chmod": mode},
        "rpcinterface:supervisor": {"supervisor.rpcinterface_factory": rpc},
    }
    return "\n".join(section(name, keys) for name, keys in {**server, **sections}.items())


def section(name: str, keys: Mapping[str, object]) -> str:
    """One section of a supervisord.conf; supervisord expands `%(...)s`, so each `%` is doubled."""
    lines = (f"{key} = {str(value).replace('%', '%%')}\n" for key, value in keys.items())
    return f"[{name}]\n{''.join(lines)}"
