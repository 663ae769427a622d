"""`python -m roles.apply [--dry-run]`: have servers be what their roles say.

Reads a `ServerPlan` and prints an `Event` for each operation and server, a line of JSON each; both
are of `servers.server_plan`. With `--dry-run` nothing is changed, and the lines say what would be.
A program of its own, since pyinfra brings gevent into a process.
"""

import sys
from argparse import ArgumentParser
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from socket import IPPROTO_TCP, TCP_NODELAY
from tempfile import NamedTemporaryFile
from typing import Any

import gevent
from pyinfra.api.config import Config
from pyinfra.api.connect import connect_all, disconnect_all
from pyinfra.api.deploy import add_deploy
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host
from pyinfra.api.inventory import Inventory
from pyinfra.api.operation import OperationMeta
from pyinfra.api.operations import run_ops
from pyinfra.api.state import BaseStateCallback, State, StateStage

from model.role import EDGE, in_order
from model.site import Site, read_site
from roles.managed_server import ManagedServer, Peer, ServiceCheck
from servers.debian_releases import OS_RELEASE, UnsupportedRelease, described
from servers.inventory import OPERATOR
from servers.server_plan import Event, ServerPlan

CONFIGURATION = {"SUDO": True, "RETRY": 2, "RETRY_DELAY": 2}
"""Of pyinfra: an operation that fails, as when a registry does not answer, is tried again."""
CHECK_SECONDS = 30
EXPLAIN = "journalctl --unit {unit} --lines 10 --no-pager"


class Reporter(BaseStateCallback):
    """Prints what happens."""

    @staticmethod
    def host_connect(state: State, host: Host) -> None:  # noqa: ARG004  # as pyinfra calls it
        # Without it each command takes 0.05 s instead of 0.01 s: Nagle's algorithm.
        connector: Any = host.connector
        connector.client.get_transport().sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)

    @staticmethod
    def host_connect_error(state: State, host: Host, error: Exception) -> None:  # noqa: ARG004
        say(host, "SSH", error=str(error))

    @staticmethod
    def operation_end(state: State, op_hash: str) -> None:
        for host, operation in operations(state, op_hash):
            if operation.is_complete() and not operation.did_error():
                say(host, title(state, op_hash), changes=operation.did_change())


def operations(state: State, key: str) -> list[tuple[Host, OperationMeta]]:
    """An operation on each server that has it."""
    found = [(host, state.ops[host].get(key)) for host in state.inventory]
    return [(host, operation.operation_meta) for host, operation in found if operation]


def title(state: State, key: str) -> str:
    (name,) = state.get_op_meta(key).names
    return name


def say(host: Host, operation: str, **values: Any) -> None:
    print(Event(server=host.name, operation=operation, **values).model_dump_json(), flush=True)


class Application:
    """The servers of one plan, each with what its roles say."""

    def __init__(self, plan: ServerPlan, known_hosts: Path) -> None:
        self.plan = plan
        self.site: Site = read_site(plan.site, plan.environments)
        self.servers = {server.title: server for server in plan.servers}
        self.targets: dict[str, ManagedServer] = {}
        common = {
            "ssh_user": OPERATOR,
            "ssh_key": str(plan.operator_key),
            "ssh_known_hosts_file": str(known_hosts),
            "ssh_strict_host_key_checking": "yes",
            "ssh_config_file": "/dev/null",
        }
        hosts = [(s.title, {**common, "ssh_hostname": s.address.edge}) for s in plan.servers]
        self.state = State(Inventory((hosts, {})), Config(**CONFIGURATION), check_for_changes=False)
        self.state.add_callback_handler(Reporter())

    def connect(self) -> bool:
        """Whether every server can be reached and runs a release of Debian that roles know."""
        self.state.set_stage(StateStage.Connect)
        try:
            connect_all(self.state)
        except PyinfraError:
            return False
        known = [self.identify(host) for host in self.state.inventory.get_active_hosts()]
        return all(known) and not self.state.failed_hosts

    def identify(self, host: Host) -> bool:
        """Keep what a server's roles need to know of it."""
        planned = self.servers[host.name]
        try:
            release = described(run(host, f"cat {OS_RELEASE}")[1])
        except UnsupportedRelease as error:
            say(host, "operating system", error=str(error))
            return False
        self.targets[host.name] = ManagedServer(
            name=planned.name,
            peers=tuple(
                Peer(each.name, each.internal, each.roles)
                for each in self.plan.servers
                if each.environment == planned.environment
            ),
            site=self.site,
            environment=self.site.environment(planned.environment),
            signing_key=self.plan.signing_key.read_text(),
            deploy_key=self.plan.deploy_keys[planned.environment].read_text(),
            release=release,
        )
        return True

    def prepare(self, *, dry: bool) -> None:
        """Collect the operations of all roles; when dry, look at the servers for each."""
        self.state.check_for_changes = dry
        self.state.set_stage(StateStage.Prepare)
        kinds = list(dict.fromkeys(server.roles for server in self.plan.servers))
        for host in self.state.inventory:
            kind = kinds.index(self.servers[host.name].roles)
            # pyinfra takes the third operation of one server for the same as that of another one,
            # unless they are at different places of a loop.
            for place in host.loop(range(kind + 1)):
                if place == kind:
                    self.add_roles(host)

    def add_roles(self, host: Host) -> None:
        target = self.targets[host.name]
        for role in in_order(self.servers[host.name].roles):
            add_deploy(self.state, module(role).deploy, target, host=host)
        for role in sorted({role for peer in target.peers for role in peer.roles}):
            if use := getattr(module(role), "use", None):
                add_deploy(self.state, use, target, host=host)

    def execute(self) -> bool:
        """Run the operations and print what they did; whether all of them succeeded."""
        self.state.set_stage(StateStage.Execute)
        with suppress(PyinfraError):  # no server is left
            run_ops(self.state)
        for key in self.state.get_op_order():
            for host, operation in operations(self.state, key):
                if operation.is_complete() and operation.did_error():
                    error = operation.stderr or operation.stdout or "no reason was given"
                    say(host, title(self.state, key), error=error)
        return not self.state.failed_hosts

    def report(self) -> None:
        """Print what each operation would do."""
        for key in self.state.get_op_order():
            for host, operation in operations(self.state, key):
                say(host, title(self.state, key), changes=operation.will_change)

    def finish(self) -> bool:
        """Wait until every service works; whether all do."""
        jobs = [self.state.pool.spawn(self.verify, host) for host in self.state.inventory]
        gevent.joinall(jobs, raise_error=True)
        return all(job.value for job in jobs)

    def verify(self, host: Host) -> bool:
        target = self.targets[host.name]
        for role in in_order(self.servers[host.name].roles):
            for check in module(role).checks(target):
                if error := failure(host, check):
                    say(host, f"{check.unit} works", error=error)
                    return False
        path = target.settings.authority if EDGE in self.servers[host.name].roles else None
        certificate = f"{run(host, f'cat {path}')[1]}\n" if path else ""
        say(host, "ready", certificate=certificate)
        return True


def module(role: str) -> Any:
    """What a role does: `deploy(target)`, `checks(target)`, and perhaps `use(target)`.

    The last one is for every server of an environment in which a server has the role.
    """
    return import_module(f"roles.{role}.deploy")


def failure(host: Host, check: ServiceCheck) -> str | None:
    """Why a service does not work, when it does not within half a minute."""
    error = ""
    with gevent.Timeout(CHECK_SECONDS, False):  # gevent's own: it raises nothing
        while True:
            works, error = run(host, check.command)
            if works:
                return None
            gevent.sleep(0.1)
    _, journal = run(host, EXPLAIN.format(unit=check.unit))
    return "\n".join(filter(None, (error, journal))) or "it does not work"


def run(host: Host, command: str) -> tuple[bool, str]:
    """Whether a shell command ended with 0, and what it printed."""
    success, output = host.run_shell_command(command, _sudo=True)
    return success, output.output


def main() -> int:
    parser = ArgumentParser(prog="python -m roles.apply", description=__doc__)
    parser.add_argument("--dry-run", action="store_true")
    dry = parser.parse_args().dry_run
    plan = ServerPlan.model_validate_json(sys.stdin.read())
    with NamedTemporaryFile("w", suffix=".known_hosts") as known_hosts:
        known_hosts.writelines(f"{s.address.edge_known_hosts_line}\n" for s in plan.servers)
        known_hosts.flush()
        application = Application(plan, Path(known_hosts.name))
        if not application.connect():
            return 1
        application.prepare(dry=dry)
        if dry:
            application.report()
        works = dry or (application.execute() and application.finish())
        disconnect_all(application.state)
    return 0 if works else 1


if __name__ == "__main__":
    sys.exit(main())
