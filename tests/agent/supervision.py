"""The supervisord of the tests' server, or those of its accounts, and what they keep running."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.server import Server
from agent.supervisor import Supervisor, configuration
from local import account_names
from tests.agent.server_accounts import ENVIRONMENT, ServerAccounts


@dataclass
class Supervisord:
    """Children of ours, so that they end with us, and their programs with them."""

    server: Server
    accounts: ServerAccounts
    components: Sequence[str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def groups(self) -> Mapping[Path, Sequence[str]]:
        """The components of each supervisord, by its socket."""
        if not self.server.accounts:
            assert self.server.supervisor
            return {self.server.supervisor: self.components}
        accounts = self.server.accounts.items()
        return {a.supervisor: [name] for name, a in accounts if a.supervisor}

    def start(self) -> None:
        for socket, components in self.groups.items():
            self.start_one(socket, components)

    def start_one(self, socket: Path, components: Sequence[str]) -> None:
        """Its files are beside its socket, in a folder of its account."""
        folders = [self.server.services(component) for component in components]
        own = socket.parent
        sections: dict[str, Mapping[str, object]] = {
            "supervisord": {
                "nodaemon": "true",
                "pidfile": own / "supervisord.pid",
                "logfile": own / "supervisord.log",
                "childlogdir": own,
            },
            "include": {"files": " ".join(f"{folder}/*.conf" for folder in folders)},
        }
        prefix: tuple[str, ...] = ()
        if self.accounts.numbers:
            account = account_names.of_component(ENVIRONMENT, components[0])
            prefix = self.accounts.prefix(account)
            self.create_folder(own, self.accounts.numbers[account])
        path = own / "supervisord.conf"
        path.write_text(configuration(socket, sections, "0770"))
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(path)]
        die_with_parent = [*prefix, "setpriv", "--pdeathsig", "TERM", *command]
        with (own / "supervisord.out").open("ab") as log:
            self.processes.append(
                subprocess.Popen(die_with_parent, cwd="/", stdout=log, stderr=log)
            )

    def create_folder(self, folder: Path, number: int) -> None:
        """As `local/account_folders.py` does: the environment's account is in the group."""
        folder.mkdir(exist_ok=True)
        os.chown(folder, number, number)
        folder.chmod(0o710)

    def runs(self) -> bool:
        return all(Supervisor(socket).is_running() for socket in self.groups)

    def kill(self) -> None:
        """End them at once; their programs go on."""
        self.end(signal.SIGKILL)

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        for process in self.processes:
            process.send_signal(how)
        for process in self.processes:
            process.wait(60)
        self.processes.clear()
