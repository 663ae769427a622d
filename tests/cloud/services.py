"""The processes of the cloud: how each is started, and how one knows that it works."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from cloud.polling import wait_until
from local.errors import CommandError
from local.layout import CHECKOUT
from tests.cloud import configuration
from tests.cloud.configuration import VENV
from tests.cloud.layout import HERE, KEPT, MARK, SERVICES, Layout

PATIENCE = 120
"""Seconds in which a service must work; a machine with two busy cores needs 20."""

MODULES = {
    "keystone": "keystone.wsgi.api",
    "glance": "glance.wsgi.api",
    "placement": "placement.wsgi.api",
    "nova": "nova.wsgi.osapi_compute",
    "neutron": "neutron.wsgi.api",
}
SIGNS = {
    "conductor": "Starting conductor node",
    "scheduler": "Starting scheduler node",
    "compute": "Starting compute node",
}
"""What Nova's processes write when they begin to work."""
ALIVE = """
select count(*) from nova_cell1.services s join nova_cell1.compute_nodes c on c.host = s.host
where s.binary = 'nova-compute' and s.report_count > 0
  and s.updated_at > utc_timestamp() - interval 5 second
"""
"""Nova's own criterion, asked of its database: a client of its API takes seconds to start."""
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Service:
    """One process: its command, and what says that it works."""

    name: str
    command: tuple[str, ...]
    works: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)


class Running:
    """The processes that one command started, so that one that ends early is noticed."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, service: Service) -> None:
        given = {**environment(self.layout), **service.environment}
        with self.log(service).open("ab") as log:
            self.processes[service.name] = subprocess.Popen(
                service.command,
                env=given,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.layout.state,
                start_new_session=True,
            )

    def wait(self, *services: Service, patience: float = PATIENCE) -> None:
        """Raises CommandError, quoting the log, when one ends or does not work in time."""
        limit = time.monotonic() + patience
        for service in services:
            if not wait_until(partial(self.works, service), limit - time.monotonic()):
                raise CommandError(self.complaint(service, f"does not work after {patience} s"))

    def works(self, service: Service) -> bool:
        if service.works():
            return True
        process = self.processes[service.name]
        if process.poll() is not None:
            raise CommandError(self.complaint(service, f"ended with {process.returncode}"))
        return False

    def end(self, service: Service) -> None:
        process = self.processes.pop(service.name)
        process.terminate()
        process.wait(60)

    def log(self, service: Service) -> Path:
        return self.layout.logs / f"{service.name}.out"

    def complaint(self, service: Service, what: str) -> str:
        """What is wrong, with the end of all that the service wrote."""
        own = self.layout.logs / f"{service.name}.log"
        lines = [
            line
            for path in (self.log(service), own)
            if path.is_file()
            for line in path.read_text("utf-8", "replace").splitlines()[-12:]
        ]
        return "\n  ".join((f"{service.name} {what}; its logs are in {KEPT / 'failed'}", *lines))


def environment(layout: Layout) -> dict[str, str]:
    """What every process of the cloud finds; the mark by which it is found again included."""
    certificates = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
    return {
        **{name: os.environ[name] for name in certificates if name in os.environ},
        "PATH": f"{VENV}/bin:{SYSTEM_PATH}",
        "HOME": str(layout.state),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",  # pip compiled OpenStack; the checkout stays as it is
        "PYTHONPATH": f"{HERE / 'inside'}:{layout.configuration / 'plugin'}:{CHECKOUT}",
        MARK: str(layout.state),
        "SPT_NOENV": "1",  # else a process that changes its title writes over its environment
        f"{MARK}_FIRST_PORT": str(layout.first_port),
        **configuration.environment(layout),
    }


def listens(port: int) -> bool:
    with socket.socket() as end:
        return end.connect_ex(("127.0.0.1", port)) == 0


def answers(url: str) -> Callable[[], bool]:
    """Whether the service has loaded its application, whatever it says."""

    def works() -> bool:
        try:
            with urlopen(url, timeout=10):  # noqa: S310  # our own address
                return True
        except HTTPError as error:
            return error.code in (300, 401)
        except (URLError, OSError):
            return False

    return works


def database(layout: Layout) -> Service:
    folder = layout.kept_by_services / "sql"
    client = ("mariadb-admin", "--no-defaults", "-uroot", f"--socket={layout.socket}", "ping")
    return Service(
        "mariadb",
        (
            "/usr/sbin/mariadbd",
            "--no-defaults",
            "--user=root",
            f"--datadir={folder}",
            f"--socket={layout.socket}",
            f"--pid-file={layout.state}/mariadb.pid",
            "--skip-networking",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-doublewrite=0",
            "--skip-log-bin",
            "--innodb-log-file-size=16M",
            "--innodb-buffer-pool-size=128M",
            "--performance-schema=OFF",
            "--max-connections=300",
            "--skip-name-resolve",
        ),
        lambda: subprocess.run(client, capture_output=True, check=False).returncode == 0,
    )


def queue(layout: Layout) -> tuple[Service, Service]:
    """RabbitMQ and Erlang's port mapper, which must be there first, both on loopback only."""
    folder = layout.state / "rabbit"
    folder.mkdir(exist_ok=True)
    (folder / "enabled_plugins").write_text("[].\n")
    (folder / "rabbitmq.conf").write_text(
        f"listeners.tcp.default = 127.0.0.1:{layout.port('rabbit')}\n"
        "vm_memory_high_watermark.relative = 0.1\ndisk_free_limit.absolute = 50MB\n"
        "log.console = true\nlog.console.level = warning\n"
    )
    given = {
        "HOME": str(folder),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(layout.port("epmd")),
        "RABBITMQ_NODENAME": "slipcloud@localhost",
        "RABBITMQ_NODE_PORT": str(layout.port("rabbit")),
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_DIST_PORT": str(layout.port("rabbit-distribution")),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
            "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +S 1:1"
        ),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
    }
    server = shutil.which("rabbitmq-server", path="/usr/lib/rabbitmq/bin") or "rabbitmq-server"
    return (
        Service("epmd", ("epmd",), lambda: listens(layout.port("epmd")), given),
        Service("rabbitmq", (server,), lambda: listens(layout.port("rabbit")), given),
    )


def api(layout: Layout, name: str) -> Service:
    """A service's HTTP interface, where only the proxy and other services call it."""
    url = layout.internal(name)
    command = (
        f"{VENV}/bin/uwsgi",
        *("--http-socket", url.removeprefix("http://")),
        *("--module", f"{MODULES[name]}:application"),
        *("--virtualenv", str(VENV)),
        *("--processes", "1", "--threads", "4", "--enable-threads"),
        *("--lazy-apps", "--need-app", "--die-on-term", "--master", "--disable-logging"),
        *("--buffer-size", "65535", "--http-chunked-input"),
        *("--add-header", "Connection: close"),
        *("--pyargv", f"--log-file {layout.logs / name}.log"),
    )
    return Service(name, command, answers(f"{url}/v3" if name == "keystone" else f"{url}/"))


def nova(layout: Layout, name: str) -> Service:
    """One of Nova's own processes; its log says when it has begun to work."""
    file = "nova-compute.conf" if name == "compute" else "nova.conf"
    log = layout.logs / f"nova-{name}.log"
    command = (
        *(f"{VENV}/bin/python", "-m", "slipcloud.nova_process", name),
        *("--config-file", str(layout.configuration / "nova" / file), "--log-file", str(log)),
    )

    def works() -> bool:
        begun = log.is_file() and SIGNS[name] in log.read_text("utf-8", "replace")
        return begun and (name != "compute" or has_host(layout))

    return Service(f"nova-{name}", command, works)


def has_host(layout: Layout) -> bool:
    """Whether the scheduler finds a compute host that it takes for alive."""
    client = ("mariadb", "--no-defaults", "-uroot", f"--socket={layout.socket}", "--batch")
    query = (*client, "--skip-column-names", "--execute", ALIVE)
    outcome = subprocess.run(query, capture_output=True, text=True, check=False)
    return outcome.stdout.strip() == "1"


def ours(layout: Layout, name: str, works: Callable[[], bool]) -> Service:
    """A program of this folder that needs the standard library only."""
    command = ("/usr/bin/python3", "-B", "-m", f"tests.cloud.{name}")
    state = ("--state", str(layout.state), "--first-port", str(layout.first_port))
    return Service(name, (*command, *state), works)


def everything(layout: Layout) -> Iterator[Service]:
    """All but the database, in the order in which they start; they wait for each other."""
    yield from queue(layout)
    yield from (api(layout, name) for name in SERVICES)
    yield from (nova(layout, name) for name in ("conductor", "scheduler", "compute"))
    yield ours(layout, "faults", lambda: listens(layout.port("faults")))
    yield ours(layout, "relay", (layout.state / "relay.ready").exists)


def tool(layout: Layout, module: str, *arguments: str) -> str:
    """What a module of `inside/` prints; raises CommandError with its last words when it fails."""
    command = (f"{VENV}/bin/python", "-m", f"slipcloud.{module}", *arguments)
    outcome = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment(layout)
    )
    if outcome.returncode:
        said = (outcome.stdout + outcome.stderr).strip().splitlines()
        raise CommandError("\n  ".join((f"slipcloud.{module} failed:", *said[-12:])))
    return outcome.stdout
