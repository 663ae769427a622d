"""The supervisord of the tests' server, and what it keeps running."""

import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.server import Server
from agent.supervisor import Supervisor, configuration


@dataclass
class Supervisord:
    """A child of ours, so that it ends with us, and its programs with it."""

    server: Server
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        server = self.server
        sections: dict[str, Mapping[str, object]] = {
            "supervisord": {
                "nodaemon": "true",
                "pidfile": server.state / "supervisord.pid",
                "logfile": server.log / "supervisord.log",
                "childlogdir": server.log,
            },
            "include": {"files": server.services / "*.conf"},
        }
        path = server.state / "supervisord.conf"
        assert server.supervisor
        path.write_text(configuration(server.supervisor, sections))
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(path)]
        die_with_parent = ["setpriv", "--pdeathsig", "TERM", *command]
        with (server.log / "supervisord.out").open("ab") as log:
            self.processes.append(
                subprocess.Popen(die_with_parent, cwd="/", stdout=log, stderr=log)
            )

    def runs(self) -> bool:
        assert self.server.supervisor
        return Supervisor(self.server.supervisor).is_running()

    def kill(self) -> None:
        """End it at once; its programs go on."""
        self.end(signal.SIGKILL)

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        for process in self.processes:
            process.send_signal(how)
            process.wait(60)
        self.processes.clear()
