"""The server of an environment on this machine: its settings, its files and its agent."""

import getpass
import json
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from agent import service_process, services
from agent.component_directory import CURRENT
from agent.pages import UnixHTTPConnection, get_page
from agent.server import ComponentAccount, Server
from local import account_names, installation_accounts
from local.bootstrap.service_user import NAME
from local.errors import CommandError
from local.layout import CHECKOUT, Layout, require_short_paths
from local.services.probes import LOOPBACK
from model.environment import Environment
from model.site import Site
from model.site_collisions import LANES
from servers import debian_releases
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
    supervisors = [s.supervisor for s in servers.values()]
    supervisors += [a.supervisor for s in servers.values() for a in s.accounts.values()]
    require_short_paths(
        [socket for socket in supervisors if socket]
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
        debian_releases.of_this_machine(),
        srv=folder / "srv",
        run=folder / "run",
        state=folder / "state",
        log=folder / "log",
        public_key=layout.signing_key,
        supervisor=layout.of(environment.name).supervisor_socket,
        account=NAME if layout.separate else getpass.getuser(),
        authority=layout.authority(environment.name),
        bind=LOOPBACK,
        **separate_accounts(site, environment, layout),
    )


def separate_accounts(site: Site, environment: Environment, layout: Layout) -> Mapping[str, Any]:
    """The accounts within an environment, in an installation that root started.

    A component of mere files has none of its own: only the edge reads those.
    """
    if not layout.separate:
        return {}
    numbers = installation_accounts.numbers(layout)
    edge = f"{numbers[account_names.of_edge(environment.name)]}"
    accounts = {}
    for component in site.components:
        name = account_names.of_component(environment.name, component.name)
        accounts[component.name] = (
            ComponentAccount(
                group=f"{numbers[name]}",
                readers=f"{numbers[account_names.readers(name)]}",
                supervisor=layout.of(name).supervisor_socket,
            )
            if component.has_processes
            else ComponentAccount(group=edge, readers=edge)
        )
    return {"accounts": accounts, "edge": edge}


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


def publish_authority(server: Server) -> None:
    """Write the certificate of the edge's authority to where other accounts can read it.

    The edge's own copy lies beside its private key: https://caddyserver.com/docs/api#get-pkicaid.
    """
    if server.authority:
        connection = UnixHTTPConnection(server.admin_socket, "")
        page = get_page(connection, "", "/pki/ca/local")
        draft = server.authority.with_suffix(".new")
        draft.write_text(json.loads(page.body)["root_certificate"])
        draft.rename(server.authority)


def authority(server: Server) -> Path:
    """The certificates with which the server's pages can be verified."""
    return server.authority or Path("/etc/ssl/certs/ca-certificates.crt")
