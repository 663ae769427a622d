"""The programs of an installation: their commands, ports and the files that they depend on."""

import hashlib
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent import php_fpm, services, uploads
from agent.server import Server
from local import account_names
from local.account_names import MASTER
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
"""The code that the master has loaded."""


BUILDBOT = 400
"""The priority of the master; what visitors need comes before."""
WORKERS = 500
"""The priority of workers; they start when the master can accept their connections."""


@dataclass(frozen=True)
class Program:
    """One supervised process."""

    is_ready: Callable[[], bool]
    """The probe of its readiness."""
    priority: int
    """Lower ones start earlier and stop later."""
    name: str = ""
    account: str = ""
    """Whose it is, in an installation whose parts have separate accounts."""
    command: tuple[str, ...] = ()
    folder: Path = Path()
    path: str = f"{BIN}:{SYSTEM_PATH}"
    umask: str = "022"
    stop_signal: str = "TERM"
    stop_seconds: int = 20
    restarts: int = 3
    """How often supervisord restarts it when it ends at once."""
    log: Path | None = None
    """Its own log of errors, if it does not write them to standard output."""
    ports: Mapping[int, str] = field(default_factory=dict)
    """The ports at which it listens, with their purposes."""
    restart_when: tuple[Path, ...] = ()
    """Files and folders; when they change, it needs a new process."""
    reload_when: tuple[Path, ...] = ()
    """Files and folders; when they change, the running process can read them again."""
    reload_signal: str | None = None
    reload_command: tuple[str, ...] = ()

    def stamps(self) -> dict[str, str]:
        """Digests of its files now, to be compared with those at its last start."""
        return {"restart": stamp(self.restart_when), "reload": stamp(self.reload_when)}


def stamp(paths: Iterable[Path]) -> str:
    """A digest of the names and contents of these files and of the files in these folders."""
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
        for program in server_programs(site, environment, servers[environment.name])
    )
    agents = {e.worker: f"{layout.server(e.name) / 'bin'}:" for e in site.environments}
    workers = (
        worker(layout, secret, name, agents.get(name, ""), account)
        for (name, secret), account in zip(
            local_workers(site).items(), worker_accounts(site).values(), strict=True
        )
    )
    started = (*per_server, *mirror_programs(site, layout), master(layout), *workers)
    if not layout.separate:
        return started
    return tuple(replace(p, path=f"{layout.bin}:{p.path}") for p in started)


def worker_accounts(site: Site) -> dict[str, str]:
    """The account of each worker on this machine: that of its lane or of its environment."""
    return {name: secret.removeprefix("worker-") for name, secret in local_workers(site).items()}


def mirror_programs(site: Site, layout: Layout) -> list[Program]:
    """The server of the mirrors, if workers are machines of an OpenStack project."""
    if not (site.lane_environment("build") or site.lane_environment("review")):
        return []
    port = layout.mirror_port
    serve = ("git", "daemon", "--reuseaddr", f"--listen={layout.worker_address}", f"--port={port}")
    return [
        Program(
            name="mirrors",
            account=MASTER,
            command=(*serve, "--export-all", f"--base-path={layout.mirrors}", str(layout.mirrors)),
            folder=layout.state,
            is_ready=probes.port(port, layout.worker_address),
            priority=350,
            ports={port: "the repositories' mirrors (one more than --worker-port)"},
        )
    ]


def server_programs(site: Site, environment: Environment, server: Server) -> list[Program]:
    """The programs of an environment's server, the database first and the edge last."""
    commands = services.commands(server, site.components)
    found = {services.DATABASE: database(server)} if server.database else {}
    for component in php_fpm.php_components(site.components):
        account = account_names.of_component(environment.name, component)
        found[php_fpm.program(component)] = replace(php(server, component), account=account)
    for served in uploads.serving_components(server, site.components):
        name = served.name
        account = account_names.of_component(environment.name, name)
        found[uploads.program(name)] = replace(upload_server(server, name), account=account)
    found[services.EDGE] = replace(edge(server), account=account_names.of_edge(environment.name))
    return [
        replace(
            program,
            name=f"{environment.name}-{service}",
            account=program.account or environment.name,
            command=tuple(map(str, commands[service])),
            folder=server.state,
        )
        for service, program in found.items()
    ]


def process_folders(site: Site, servers: Mapping[str, Server]) -> list[tuple[str, Path]]:
    """Each account with the folder of supervisord's files that deployments write for it."""
    return [
        (account_names.of_component(name, component.name), server.services(component.name))
        for name, server in servers.items()
        for component in site.components
        if component.has_processes
    ]


def database(server: Server) -> Program:
    assert server.database  # noqa: S101  # only such a server has this program
    return Program(
        is_ready=probes.socket(server.database.socket),
        priority=100,
        stop_seconds=60,
        log=server.log / "mariadb.log",
        restart_when=(server.state / "mariadb.cnf",),
    )


def php(server: Server, component: str) -> Program:
    return Program(
        is_ready=probes.file(server.php_pid(component)),
        priority=200,
        log=server.component_log(component) / "php-fpm.log",
        restart_when=(server.state / "php.ini",),
        reload_when=(php_fpm.configuration_file(server, component),),
        reload_signal="USR2",
    )


def upload_server(server: Server, component: str) -> Program:
    return Program(
        is_ready=probes.socket(uploads.socket(server, component)),
        priority=200,
        umask="007",  # the edge uses its socket
        restart_when=(uploads.configuration_file(server, component),),
    )


def edge(server: Server) -> Program:
    caddyfile = server.state / "Caddyfile"
    address = f"unix/{server.admin_socket}"
    reload = ("caddy", "reload", "--address", address, "--config", str(caddyfile))
    return Program(
        is_ready=probes.port(server.https_port),
        priority=300,
        umask="007",  # the environment's account uses its sockets
        ports={server.http_port: "the edge's HTTP", server.https_port: "the edge's HTTPS"},
        reload_when=(caddyfile,),
        reload_command=(*reload, "--adapter", "caddyfile"),
    )


def master(layout: Layout) -> Program:
    return Program(
        name="master",
        account=MASTER,
        command=twistd(layout.master),
        folder=layout.master,
        is_ready=probes.page(f"{layout.url}api/v2/masters"),
        priority=BUILDBOT,
        stop_seconds=30,
        ports={
            layout.http_port: "the Buildbot page (--http-port)",
            layout.worker_port: "Buildbot's workers (--worker-port)",
        },
        restart_when=(*CODE, layout.master / "buildbot.tac", layout.worker_certificate),
        reload_when=(layout.site, layout.master / "installation.toml", layout.secrets),
        reload_signal="HUP",
    )


def worker(layout: Layout, program: str, name: str, first_on_path: str, account: str) -> Program:
    folder = layout.worker(name)
    return Program(
        name=program,
        account=account,
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
