"""The one server of an environment on this machine: its folder, its files, what deploys on it."""

import getpass
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import tomli_w

from agent import instances, mariadb, services
from agent.component_directory import CURRENT
from agent.server import DatabaseServer, Server
from local.errors import CommandError
from local.layout import CHECKOUT, Layout, short_enough
from local.secrets import LANES
from local.services.probes import LOOPBACK
from model.environment import Environment
from model.site import Site

RESERVED = {*LANES, "home", "logs", "master", "pids", "secrets", "store", "workers"}
"""Folders of the installation itself, beside which the environments' lie."""


def servers(site: Site, layout: Layout) -> Mapping[str, Server]:
    """The server of each environment that has no machine of its own, by the environment's name."""
    taken = [e.name for e in site.environments if e.name in RESERVED]
    if taken:
        raise CommandError(f"an environment cannot be called '{taken[0]}' on this machine")
    found = {e.name: server(e, layout, site) for e in site.environments if not e.servers}
    php = [s.php_socket(c.name) for s in found.values() for c in site.components]
    processes = [
        path
        for s in found.values()
        for c in site.components
        for path in instances.socket_paths(
            s, c.name, CURRENT, [service.name for service in c.services]
        )
    ]
    short_enough([s.admin_socket for s in found.values()] + php + processes)
    return found


def server(environment: Environment, layout: Layout, site: Site) -> Server:
    folder = layout.server(environment.name)
    run, state = folder / "run", folder / "state"
    wants_database = any(component.database for component in site.components)
    account = DatabaseServer(socket=run / "mariadb.sock", user=getpass.getuser())
    return Server(
        srv=folder / "srv",
        run=run,
        state=state,
        log=folder / "log",
        public_key=layout.signing_key,
        http_port=environment.http_port,
        https_port=environment.https_port,
        bind=LOOPBACK,
        authority=state / "edge" / "pki" / "authorities" / "local" / "root.crt",
        database=account if wants_database else None,
        supervisor=layout.supervisor_socket,
    )


def write(site: Site, environment: Environment, layout: Layout, server: Server) -> None:
    """Write what the server's services and its deploying program start from."""
    services.write(server, environment, site.components)
    folder = layout.server(environment.name)
    described = server.model_dump(mode="json", exclude_none=True)
    (folder / "server.toml").write_text(tomli_w.dumps(described))
    program = folder / "bin" / "slipway-agent"
    program.parent.mkdir(exist_ok=True)
    command = (sys.executable, "-m", "agent", "--server", str(folder / "server.toml"))
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(CHECKOUT))} exec {shlex.join(command)} "$@"\n'
    )
    program.chmod(0o755)


def initialise(server: Server) -> bool:
    """Make the server's empty database folder; whether there was none."""
    folder = mariadb.folder(server)
    if not server.database or folder.is_dir():
        return False
    draft = folder.with_name("mariadb.new")
    shutil.rmtree(draft, ignore_errors=True)
    command = [str(part) for part in mariadb.initialise(server, server.database.user)]
    named = [part.replace(f"--datadir={folder}", f"--datadir={draft}") for part in command]
    outcome = subprocess.run(named, capture_output=True, text=True, check=False)
    if outcome.returncode:
        raise CommandError(f"{command[0]} failed:\n{(outcome.stdout + outcome.stderr).strip()}")
    draft.rename(folder)
    return True


def authority(server: Server) -> Path:
    """The certificate with which everything that this server shows can be verified."""
    return server.authority or Path("/etc/ssl/certs/ca-certificates.crt")
