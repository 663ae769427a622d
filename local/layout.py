"""Where an installation on this machine keeps things: every path follows from a few folders.

Standard library only: `make stop` works without the virtual environment.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.errors import CommandError

CHECKOUT = Path(__file__).resolve().parent.parent

SOCKET_LIMIT = 104
"""Bytes in the path of a Unix socket; 108 on Linux, 104 elsewhere."""

HTTP_PORT = 8010
WORKER_PORT = 8011


@dataclass(frozen=True)
class Layout:
    """One installation's folders and ports; two with different ones do not meet."""

    state: Path
    site: Path = CHECKOUT / "sites" / "demo"
    environments: str = "environments"
    mirrors: Path = CHECKOUT / "var" / "mirrors"
    http_port: int = HTTP_PORT
    worker_port: int = WORKER_PORT
    worker_address: str = "127.0.0.1"
    clouds: Path | None = None
    """`clouds.yaml`, unless it is where openstacksdk looks."""

    @property
    def url(self) -> str:
        return f"http://localhost:{self.http_port}/"

    @property
    def master(self) -> Path:
        return self.state / "master"

    @property
    def store(self) -> Path:
        return self.state / "store"

    @property
    def secrets(self) -> Path:
        return self.state / "secrets"

    @property
    def signing_key(self) -> Path:
        """The public half, which every server is given."""
        return self.state / "signing-key.pub"

    def deploy_key(self, environment: str) -> Path:
        """The public half of what an environment's deploy worker shows its servers."""
        return self.server(environment) / "deploy-key.pub"

    @property
    def operator_key(self) -> Path:
        """The secret key that prepares servers; Buildbot does not know it."""
        return self.state / "operator-key"

    def machines(self, environment: str) -> Path:
        """What is known of an environment's servers that are machines of their own."""
        return self.server(environment) / "machines.json"

    def authority(self, environment: str) -> Path:
        """The certificates with which their pages can be verified."""
        return self.server(environment) / "authority.pem"

    @property
    def mirror_port(self) -> int:
        """Where machines find the mirrors of the repositories."""
        return self.worker_port + 1

    @property
    def worker_key(self) -> Path:
        return self.state / "worker-tls.key"

    @property
    def worker_certificate(self) -> Path:
        """What workers believe, alone in its folder, as Twisted wants it."""
        return self.state / "worker-roots" / "master.pem"

    @property
    def machine_gitconfig(self) -> Path:
        return self.state / "gitconfig-of-machines"

    @property
    def gitconfig(self) -> Path:
        return self.state / "gitconfig"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def home(self) -> Path:
        return self.state / "home"

    @property
    def pids(self) -> Path:
        """One file a program: the process group that it was started in last."""
        return self.state / "pids"

    def records(self) -> Iterator[Path]:
        """The files which name process groups: of our programs, and of what releases run."""
        yield from self.pids.glob("*")
        yield from self.state.glob("*/run/s/*.pid")

    @property
    def supervisor_configuration(self) -> Path:
        return self.state / "supervisord.conf"

    @property
    def supervisor_socket(self) -> Path:
        return self.state / "supervisord.sock"

    @property
    def supervisor_pid(self) -> Path:
        return self.state / "supervisord.pid"

    @property
    def applied(self) -> Path:
        """What the running programs were started with, so that a second start changes nothing."""
        return self.state / "applied.json"

    @property
    def cache(self) -> Path:
        """Downloads that outlive the installation."""
        return self.mirrors.parent / "cache" / "mirrors"

    def worker(self, name: str) -> Path:
        return self.state / "workers" / name

    def server(self, environment: str) -> Path:
        """The folder that stands for the environment's one server."""
        return self.state / environment

    def log(self, program: str) -> Path:
        return self.logs / f"{program}.log"


def arguments(parser: ArgumentParser) -> ArgumentParser:
    """Add what says which installation is meant."""
    default = Layout(CHECKOUT / "var" / "run")
    parser.add_argument("--state", type=Path, default=default.state)
    parser.add_argument("--site", type=Path, default=default.site)
    parser.add_argument("--environments", default=default.environments)
    parser.add_argument("--mirrors", type=Path, default=default.mirrors)
    parser.add_argument("--http-port", type=int, default=default.http_port)
    parser.add_argument("--worker-port", type=int, default=default.worker_port)
    parser.add_argument("--worker-address", default=default.worker_address)
    parser.add_argument("--clouds", type=lambda path: Path(path) if path else None)
    return parser


def layout(given: Namespace) -> Layout:
    """The installation that the arguments name; raises CommandError for too long sockets."""
    meant = Layout(
        state=given.state.absolute(),
        site=given.site.absolute(),
        environments=given.environments,
        mirrors=given.mirrors.absolute(),
        http_port=given.http_port,
        worker_port=given.worker_port,
        worker_address=given.worker_address,
        clouds=given.clouds and given.clouds.absolute(),
    )
    short_enough([meant.supervisor_socket])
    return meant


def short_enough(sockets: Sequence[Path]) -> None:
    """Refuse a socket whose path the kernel would refuse, saying by how much it is too long."""
    longest = max(sockets, key=lambda path: len(bytes(path)), default=Path())
    excess = len(bytes(longest)) - SOCKET_LIMIT + 1
    if excess > 0:
        raise CommandError(
            f"the path of the socket {longest} is {excess} bytes too long; "
            "use a shorter one: make run STATE=/some/short/path"
        )
