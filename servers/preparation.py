"""Makes servers of bare Debian machines: `python -m roles.apply`, a program of its own.

Each start repeats all of it, and it changes only what differs.
"""

import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import NamedTuple

from cloud.polling import wait_until
from model.installation import ServerAddress
from model.plural import plural
from model.site import Site
from servers import inventory
from servers.errors import ServerError
from servers.inventory import OPERATOR
from servers.paths import ServerPaths
from servers.server_plan import Event, PlannedServer, ServerPlan

CHECKOUT = Path(__file__).resolve().parent.parent
SSH_SECONDS = 120


class Prepared(NamedTuple):
    """What was done to servers."""

    certificates: Mapping[str, str]
    """For each, as `environment/name`, that of its edge's authority, which may be empty."""
    changes: int


def prepare(site: Site, paths: ServerPaths, say: Callable[[str], None]) -> Prepared:
    """Prepare all recorded servers of a site at once.

    Raises ServerError when all of them are done, with what explains each failure.
    """
    plan = make_plan(site, paths)
    with ThreadPoolExecutor(len(plan.servers)) as pool:
        list(pool.map(partial(wait_for_ssh, plan), plan.servers))
    certificates = {}
    changes = 0
    errors = []
    for event in apply(plan):
        if event.error:
            errors.append(str(server_error(event)))
        changes += event.changes
        say(f"Servers: {plural(changes, 'change')}, {event.server}: {event.operation}")
        if event.certificate is not None:
            certificates[event.server] = event.certificate
    if errors:
        raise ServerError("\n".join(errors))
    return Prepared(certificates, changes)


def look(site: Site, paths: ServerPaths, servers: Collection[str]) -> Iterator[Event]:
    """What roles would change on servers that are there already; raises ServerError."""
    plan = make_plan(site, paths, servers)
    for event in apply(plan, "--dry-run"):
        if event.error:
            raise server_error(event)
        yield event


def make_plan(site: Site, paths: ServerPaths, only: Collection[str] | None = None) -> ServerPlan:
    """All servers of a site, or only some, as `environment/name`; their machines are recorded."""
    environments = [environment for environment in site.environments if environment.servers]
    known = {e.name: inventory.records(paths, e.name) for e in environments}
    return ServerPlan(
        site=site.folder,
        environments=paths.environments,
        signing_key=paths.signing_key,
        operator_key=paths.operator_key,
        deploy_keys={e.name: paths.deploy_key(e.name) for e in environments},
        servers=tuple(
            PlannedServer(
                environment=environment.name,
                name=name,
                roles=group.roles,
                address=known[environment.name][name].host,
                internal=known[environment.name][name].internal
                or known[environment.name][name].host.address,
            )
            for environment in environments
            for name, group in environment.server_groups.items()
            if only is None or f"{environment.name}/{name}" in only
        ),
    )


def apply(plan: ServerPlan, *options: str) -> Iterator[Event]:
    """What the program reports, a line for each operation; raises ServerError if it breaks."""
    command = (sys.executable, "-B", "-m", "roles.apply", *options)
    with (
        NamedTemporaryFile() as errors,
        subprocess.Popen(
            command,
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as program,
    ):
        assert program.stdin and program.stdout  # noqa: S101  # they are pipes
        program.stdin.write(plan.model_dump_json())
        program.stdin.close()
        failed = False
        for line in program.stdout:
            event = Event.model_validate_json(line)
            failed = failed or bool(event.error)
            yield event
        if program.wait() and not failed:
            words = Path(errors.name).read_text(errors="replace")
            raise ServerError(f"roles.apply failed:\n{last_lines(words)}")


def server_error(event: Event) -> ServerError:
    environment, _, name = event.server.partition("/")
    words = last_lines(event.error or "")
    return ServerError(f"{environment}.toml: server {name}: {event.operation}:\n{words}")


def last_lines(output: str) -> str:
    return "\n".join(output.strip().splitlines()[-12:])


def wait_for_ssh(plan: ServerPlan, server: PlannedServer) -> None:
    """Wait for the operator's account: sshd runs before cloud-init has created it."""
    with NamedTemporaryFile("w", suffix=".known_hosts") as known_hosts:
        known_hosts.write(f"{server.address.edge_known_hosts_line}\n")
        known_hosts.flush()
        command = ssh_command(plan.operator_key, Path(known_hosts.name), server.address)

        def answer() -> "subprocess.CompletedProcess[str]":
            return subprocess.run(command, capture_output=True, text=True, check=False)

        if not wait_until(lambda: not answer().returncode, SSH_SECONDS):
            raise server_error(
                Event(server=server.title, operation="SSH", error=answer().stderr or "no answer")
            )


def ssh_command(key: Path, known_hosts: Path, address: ServerAddress) -> Sequence[str]:
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": "10",
        "IdentitiesOnly": "yes",
        "LogLevel": "ERROR",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": str(known_hosts),
        "GlobalKnownHostsFile": "none",
    }
    words = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    return ("ssh", "-F", "none", "-i", str(key), *words, f"{OPERATOR}@{address.edge}", "true")
