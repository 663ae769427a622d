"""The programs of an installation: what runs, where, and which changed files matter to it."""

import hashlib
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent import services
from agent.server import Server
from local.layout import CHECKOUT, Layout
from local.secrets import local_workers
from local.services import probes
from model.environment import Environment
from model.site import Site

BIN = Path(sys.prefix) / "bin"
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

CODE = tuple(
    CHECKOUT / name
    for name in (
        "master.cfg",
        "requirements.lock",
        "model",
        "change_sources",
        "schedulers",
        "builders",
        "steps",
        "workers",
        "cloud",
        "releases",
        "web",
        "agent",
    )
)
"""What the master keeps in memory; a folder that does not exist counts as empty."""


WORKERS = 500
"""The priority of workers: they start when the master can greet them."""


@dataclass(frozen=True)
class Program:
    """One supervised process."""

    is_ready: Callable[[], bool]
    """Whether it does its work already."""
    priority: int
    """Lower ones start earlier and stop later."""
    name: str = ""
    command: tuple[str, ...] = ()
    folder: Path = Path()
    path: str = f"{BIN}:{SYSTEM_PATH}"
    stop_signal: str = "TERM"
    stop_seconds: int = 20
    restarts: int = 3
    """How often it may end at once before it is given up."""
    log: Path | None = None
    """Where it writes what went wrong, if not to its standard output."""
    ports: Mapping[int, str] = field(default_factory=dict)
    """What it listens on, and what for."""
    restart_when: tuple[Path, ...] = ()
    """Files and folders whose change needs a new process."""
    reload_when: tuple[Path, ...] = ()
    """Files and folders whose change the running process can take up."""
    reload_signal: str | None = None
    reload_command: tuple[str, ...] = ()
    further: Path | None = None
    """A pattern for files that describe further programs; deployments write them."""

    def stamps(self) -> dict[str, str]:
        """What this program is made from now, to be compared with what it was started with."""
        return {"restart": stamp(self.restart_when), "reload": stamp(self.reload_when)}


def stamp(paths: Iterable[Path]) -> str:
    """One digest of the names and contents of all these files and of those in these folders."""
    digest = hashlib.sha256()
    for path in paths:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"{file}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


def programs(site: Site, layout: Layout, servers: Mapping[str, Server]) -> tuple[Program, ...]:
    """Everything that runs, in the order in which it starts."""
    per_server = (
        program
        for environment in site.environments
        if environment.name in servers
        for program in of_server(site, environment, servers[environment.name])
    )
    bins = {e.worker: f"{layout.server(e.name) / 'bin'}:" for e in site.environments}
    workers = (
        worker(layout, secret, name, bins.get(name, ""))
        for name, secret in local_workers(site).items()
    )
    return (*per_server, *machines_need(site, layout), master(layout), *workers)


def machines_need(site: Site, layout: Layout) -> list[Program]:
    """What machines of OpenStack projects find here beside the master: the repositories."""
    if not (site.lane_environment("build") or site.lane_environment("review")):
        return []
    port = layout.mirror_port
    serve = ("git", "daemon", "--reuseaddr", f"--listen={layout.worker_address}", f"--port={port}")
    return [
        Program(
            name="mirrors",
            command=(*serve, "--export-all", f"--base-path={layout.mirrors}", str(layout.mirrors)),
            folder=layout.state,
            is_ready=probes.port(port, layout.worker_address),
            priority=350,
            ports={port: "the repositories' mirrors (one more than --worker-port)"},
        )
    ]


def of_server(site: Site, environment: Environment, server: Server) -> list[Program]:
    """What the environment's server runs; the database first, the edge last."""
    commands = services.commands(server, site.components)
    programs = {"database": database, "php": php, "edge": edge}
    return [
        replace(
            program(server),
            name=f"{environment.name}-{service}",
            command=tuple(map(str, commands[service])),
            folder=server.state,
        )
        for service, program in programs.items()
        if service in commands
    ]


def database(server: Server) -> Program:
    assert server.database  # noqa: S101  # for mypy: it has a command, so it is there
    return Program(
        is_ready=probes.socket(server.database.socket),
        priority=100,
        stop_seconds=60,
        log=server.log / "mariadb.log",
        restart_when=(server.state / "mariadb.cnf",),
    )


def php(server: Server) -> Program:
    return Program(
        is_ready=probes.file(server.php_pid),
        priority=200,
        log=server.log / "php-fpm.log",
        restart_when=(server.state / "php.ini",),
        reload_when=(server.state / "php-fpm.conf",),
        reload_signal="USR2",
    )


def edge(server: Server) -> Program:
    caddyfile = server.state / "Caddyfile"
    address = f"unix/{server.admin_socket}"
    reload = ("caddy", "reload", "--address", address, "--config", str(caddyfile))
    return Program(
        is_ready=probes.port(server.https_port),
        priority=300,
        ports={server.http_port: "the edge's HTTP", server.https_port: "the edge's HTTPS"},
        reload_when=(caddyfile,),
        reload_command=(*reload, "--adapter", "caddyfile"),
        further=server.services / "*.conf",
    )


def master(layout: Layout) -> Program:
    return Program(
        name="master",
        command=twistd(layout.master),
        folder=layout.master,
        is_ready=probes.page(f"{layout.url}api/v2/masters"),
        priority=400,
        stop_seconds=30,
        ports={
            layout.http_port: "the Buildbot page (--http-port)",
            layout.worker_port: "Buildbot's workers (--worker-port)",
        },
        restart_when=(*CODE, layout.master / "buildbot.tac", layout.worker_certificate),
        reload_when=(layout.site, layout.master / "installation.toml", layout.secrets),
        reload_signal="HUP",
    )


def worker(layout: Layout, program: str, name: str, first_on_path: str = "") -> Program:
    folder = layout.worker(name)
    return Program(
        name=program,
        command=twistd(folder),
        folder=folder,
        is_ready=probes.worker(layout.url, name),
        priority=WORKERS,
        path=f"{first_on_path}{BIN}:{SYSTEM_PATH}",
        restart_when=(
            folder / "buildbot.tac",
            CHECKOUT / "requirements.lock",
            layout.worker_certificate,
        ),
    )


def twistd(folder: Path) -> tuple[str, ...]:
    tac = f"{folder / 'buildbot.tac'}"
    return (f"{BIN}/twistd", "--nodaemon", "--pidfile=", "--logfile=-", f"--python={tac}")
