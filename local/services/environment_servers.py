"""The server of an environment on this machine: its settings, its files and its agent."""

import getpass
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import tomli_w

from agent import service_process, services
from agent.component_directory import CURRENT
from agent.server import Server
from local.bootstrap.service_user import NAME
from local.errors import CommandError
from local.layout import CHECKOUT, Layout, require_short_paths
from local.secrets import LANES
from local.services.probes import LOOPBACK
from model.environment import Environment
from model.site import Site
from servers.settings import database_script, server_settings

RESERVED = {
    *LANES,
    "accounts",
    "bin",
    "home",
    "logs",
    "master",
    "pids",
    "secrets",
    "store",
    "workers",
}
"""Folders of the installation itself; each environment has a folder beside them."""


def settings(site: Site, layout: Layout) -> Mapping[str, Server]:
    """The server of each environment without machines of its own, by the environment's name."""
    servers = {e.name: server(site, e, layout) for e in site.environments if not e.servers}
    php = [s.php_socket(c.name) for s in servers.values() for c in site.components]
    processes = [
        path
        for s in servers.values()
        for c in site.components
        for path in service_process.socket_paths(
            s, c.name, CURRENT, [service.name for service in c.services]
        )
    ]
    require_short_paths(
        [s.supervisor for s in servers.values() if s.supervisor]
        + [s.admin_socket for s in servers.values()]
        + php
        + processes
    )
    return servers


def server(site: Site, environment: Environment, layout: Layout) -> Server:
    folder = layout.server(environment.name)
    return server_settings(
        site,
        environment,
        srv=folder / "srv",
        run=folder / "run",
        state=folder / "state",
        log=folder / "log",
        public_key=layout.signing_key,
        supervisor=layout.of(environment.name).supervisor_socket,
        account=NAME if layout.separate else getpass.getuser(),
        bind=LOOPBACK,
    )


def write(site: Site, environment: Environment, layout: Layout, server: Server) -> None:
    """Write the files of the server's services, and the agent's command with its settings."""
    services.write(server, environment, site.components)
    folder = layout.server(environment.name)
    settings = folder / "server.toml"
    settings.write_text(tomli_w.dumps(server.model_dump(mode="json", exclude_none=True)))
    agent = folder / "bin" / "slipway-agent"
    agent.parent.mkdir(exist_ok=True)
    command = (sys.executable, "-m", "agent", "--server", str(settings))
    agent.write_text(
        f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(CHECKOUT))} exec {shlex.join(command)} "$@"\n'
    )
    agent.chmod(0o755)


def create_database(server: Server) -> None:
    """Create the folder of the server's database unless it exists; raises CommandError."""
    if not server.database:
        return
    command = ("sh", "-c", database_script(server, server.database))
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        output = (result.stdout + result.stderr).strip()
        raise CommandError(f"the database at {server.state} cannot be created:\n{output}")


def publish_authority(layout: Layout, environment: Environment, server: Server) -> None:
    """Copy the certificate of the edge's authority to where other accounts can read it."""
    if server.authority:
        draft = layout.authority(environment.name).with_suffix(".new")
        draft.write_bytes(server.authority.read_bytes())
        draft.rename(layout.authority(environment.name))


def authority(layout: Layout, environment: Environment, server: Server) -> Path:
    """The certificates with which the server's pages can be verified."""
    if server.authority:
        return layout.authority(environment.name)
    return Path("/etc/ssl/certs/ca-certificates.crt")
