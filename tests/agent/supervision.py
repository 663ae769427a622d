"""The supervisord of the tests' server, and what it keeps running."""

import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.errors import AgentError
from agent.server import Server
from agent.supervisor import Supervisor, section


@dataclass
class Supervisord:
    """A child of ours, so that it ends with us, and its programs with it."""

    server: Server
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        server = self.server
        sections: dict[str, Mapping[str, object]] = {
            "unix_http_server": {"file": server.supervisor, "chmod": "0600"},
            "rpcinterface:supervisor": {
                "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
            },
            "supervisord": {
                "nodaemon": "true",
                "pidfile": server.state / "supervisord.pid",
                "logfile": server.log / "supervisord.log",
                "childlogdir": server.log,
            },
            "include": {"files": server.services / "*.conf"},
        }
        path = server.state / "supervisord.conf"
        path.write_text("\n".join(section(name, keys) for name, keys in sections.items()))
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(path)]
        die_with_parent = ["setpriv", "--pdeathsig", "TERM", *command]
        with (server.log / "supervisord.out").open("ab") as log:
            self.processes.append(
                subprocess.Popen(die_with_parent, cwd="/", stdout=log, stderr=log)
            )

    def runs(self) -> bool:
        assert self.server.supervisor
        try:
            with Supervisor(self.server.supervisor).calls() as calls:
                return bool(calls.getState()["statename"] == "RUNNING")
        except AgentError:
            return False

    def kill(self) -> None:
        """End it at once; its programs go on."""
        self.end(signal.SIGKILL)

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        for process in self.processes:
            process.send_signal(how)
            process.wait(60)
        self.processes.clear()
