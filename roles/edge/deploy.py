"""Caddy, with an account that reads only what it serves."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from pyinfra.api.operation import operation

from agent import edge
from roles.managed_server import ManagedServer, ServiceCheck
from roles.operations import Commands, account_file, output, service
from roles.units import unit
from servers.server_accounts import AGENT, EDGE

UNIT = "slipway-edge"
WAIT = "for each in $(seq 300); do {check} && exit; sleep 0.1; done; echo {problem} >&2; exit 1"


def deploy(target: ManagedServer) -> None:
    settings = target.settings
    path = settings.state / "Caddyfile"
    text = edge.caddyfile(settings, target.environment, target.components)
    caddyfile = account_file(path, text, AGENT)
    reload = (
        f"/usr/bin/caddy reload --address unix/{settings.admin_socket} "
        f"--config {path} --adapter caddyfile"
    )
    own = unit(
        UNIT,
        "edge",
        EDGE,
        shlex.join(map(str, edge.command(settings))),
        writes=[settings.certificates, settings.edge_log, settings.admin_socket.parent],
        directives=f"ExecReload={reload}\n",
        capabilities="CAP_NET_BIND_SERVICE",
    )
    service(name="Service edge", unit=UNIT, restart=[own], reload=[caddyfile])
    if settings.authority and target.environment.tls == "internal":
        # Where Caddy keeps it, beside its private key.
        root = settings.certificates / "pki" / "authorities" / "local" / "root.crt"
        published(name="The edge's authority", certificate=root, path=settings.authority)


@operation()
def published(certificate: Path, path: Path) -> Commands:
    """Have a copy of the certificate that everybody may read; Caddy makes it after its start."""
    read = f"runuser --user {EDGE} -- cat {certificate}"
    if not output(f"{read} | cmp --silent - {path} && echo same"):
        check = f"{read} >{path}.new 2>/dev/null && mv {path}.new {path}"
        yield WAIT.format(check=check, problem="'the edge has made no certificate'")


def checks(target: ManagedServer) -> Iterator[ServiceCheck]:
    yield ServiceCheck(UNIT, f"test -e {target.settings.admin_socket}")
