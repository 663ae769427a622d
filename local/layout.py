"""Paths and ports of an installation on this machine; all paths follow from a few folders.

Standard library only: `make stop` needs no virtual environment.
"""

import os
import stat
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from local import account_names
from local.errors import CommandError

CHECKOUT = Path(__file__).resolve().parent.parent

SOCKET_LIMIT = 104
"""Bytes in the path of a Unix socket; 108 on Linux, 104 elsewhere."""

HTTP_PORT = 8010
WORKER_PORT = 8011


@dataclass(frozen=True)
class Layout:
    """One installation; two with different folders and ports do not affect each other."""

    state: Path
    site: Path = CHECKOUT / "sites" / "demo"
    environments: str = "environments"
    mirrors: Path = CHECKOUT / "var" / "mirrors"
    http_port: int = HTTP_PORT
    worker_port: int = WORKER_PORT
    worker_address: str = "127.0.0.1"
    forwarded_port: int | None = None
    """The port at which machines reach the worker port, when something forwards it."""
    clouds: Path | None = None
    """`clouds.yaml`; None: where openstacksdk looks for it."""
    separate: bool = False
    """Whether root started it: the master, each lane and each environment has its own account."""
    account: str = ""
    """The account whose programs are meant; empty: all programs, which have the same account."""

    def of(self, account: str) -> "Layout":
        """The same installation, with the supervisord and the files of one account."""
        return replace(self, account=account) if self.separate else self

    @property
    def own(self) -> Path:
        """The folder of one account's supervisord and home."""
        return self.state / "accounts" / self.account if self.account else self.state

    @property
    def accounts(self) -> Path:
        """The number of each account; root's, and only in an installation that root started."""
        return self.state / "accounts.json"

    @property
    def bin(self) -> Path:
        """Programs that run with a name for their account."""
        return self.state / "bin"

    @property
    def url(self) -> str:
        return f"http://localhost:{self.http_port}/"

    @property
    def master(self) -> Path:
        return self.state / "master"

    @property
    def adopted_clouds(self) -> Path:
        """The copy of `clouds.yaml` in an installation that root started."""
        return self.master / "clouds.yaml"

    @property
    def store(self) -> Path:
        return self.state / "store"

    @property
    def secrets(self) -> Path:
        return self.state / "secrets"

    @property
    def ui_passwords(self) -> Path:
        """The generated passwords of the UI in clear text; the master reads only their hashes.

        The operator may delete this file.
        """
        return self.state / "ui-passwords"

    @property
    def signing_key(self) -> Path:
        """The public half, which is copied to every server."""
        return self.state / "signing-key.pub"

    def deploy_key(self, environment: str) -> Path:
        """The public SSH key with which an environment's deploy worker logs in to its servers."""
        return self.server(environment) / "deploy-key.pub"

    @property
    def operator_key(self) -> Path:
        """The private SSH key that prepares servers; it is not among Buildbot's secrets."""
        return self.state / "operator-key"

    def machines(self, environment: str) -> Path:
        """The machines that are an environment's servers."""
        return self.server(environment) / "machines.json"

    def authority(self, environment: str) -> Path:
        """The certificates with which their pages can be verified."""
        return self.server(environment) / "authority.pem"

    @property
    def mirror_port(self) -> int:
        """The port at which machines fetch from the mirrors of the repositories."""
        return self.worker_port + 1

    @property
    def worker_key(self) -> Path:
        """The master's key and certificate for workers, in one file."""
        return self.state / "worker-tls.key"

    @property
    def worker_certificate(self) -> Path:
        """The certificate that workers trust; Twisted wants it alone in its folder."""
        return self.state / "worker-roots" / "master.pem"

    @property
    def machine_gitconfig(self) -> Path:
        return self.state / "gitconfig-of-machines"

    @property
    def gitconfig(self) -> Path:
        return self.state / "gitconfig"

    @property
    def logs(self) -> Path:
        return self.own / "logs"

    @property
    def home(self) -> Path:
        return self.own / "home"

    @property
    def pids(self) -> Path:
        """For each program, the record of its process group."""
        return self.own / "pids"

    def records(self) -> Iterator[Path]:
        """The records of process groups: of our programs, and of processes of releases."""
        yield from self.pids.glob("*")
        environment, component = self.server_part
        yield from self.state.glob(f"{environment}/run/s/{component}/*.pid")

    def runtime_files(self) -> Iterator[Path]:
        """What is left of programs that were killed: numbers of processes, and a socket."""
        yield from (self.supervisor_pid, self.supervisor_socket)
        environment, component = self.server_part
        for pattern in ("*.pid", f"php/{component}/*.pid", f"s/{component}/*.pid"):
            yield from self.state.glob(f"{environment}/run/{pattern}")

    @property
    def server_part(self) -> tuple[str, str]:
        """Patterns for the environments and the components whose processes are the account's.

        No component has the name `-`.
        """
        if not self.account:
            return "*", "*"
        environment, component = account_names.split(self.account)
        return environment, component or "-"

    @property
    def supervisor_configuration(self) -> Path:
        return self.own / "supervisord.conf"

    @property
    def supervisor_socket(self) -> Path:
        return self.own / "supervisord.sock"

    @property
    def supervisor_pid(self) -> Path:
        return self.own / "supervisord.pid"

    @property
    def applied(self) -> Path:
        """The stamps with which the running programs were started."""
        return self.own / "applied.json"

    @property
    def cache(self) -> Path:
        """Downloads, which `make clean` keeps."""
        return self.mirrors.parent / "cache" / "mirrors"

    def worker(self, name: str) -> Path:
        return self.state / "workers" / name

    def server(self, environment: str) -> Path:
        """The folder of an environment's server on this machine."""
        return self.state / environment

    def log(self, program: str) -> Path:
        return self.logs / f"{program}.log"


def add_arguments(parser: ArgumentParser) -> ArgumentParser:
    """Add the options that describe an installation."""
    default = Layout(CHECKOUT / "var" / "run")
    parser.add_argument("--state", type=Path, default=default.state)
    parser.add_argument("--site", type=Path, default=default.site)
    parser.add_argument("--environments", default=default.environments)
    parser.add_argument("--mirrors", type=Path, default=default.mirrors)
    parser.add_argument("--http-port", type=int, default=default.http_port)
    parser.add_argument("--worker-port", type=int, default=default.worker_port)
    parser.add_argument("--worker-address", default=default.worker_address)
    parser.add_argument("--forwarded-port", type=int)
    parser.add_argument("--clouds", type=lambda path: Path(path) if path else None)
    return parser


def read_layout(options: Namespace) -> Layout:
    """The installation that options describe; raises CommandError for one that cannot be used."""
    layout = Layout(
        state=options.state.absolute(),
        site=options.site.absolute(),
        environments=options.environments,
        mirrors=options.mirrors.absolute(),
        http_port=options.http_port,
        worker_port=options.worker_port,
        worker_address=options.worker_address,
        forwarded_port=options.forwarded_port,
        clouds=options.clouds and options.clouds.absolute(),
    )
    require_short_paths([layout.supervisor_socket])
    if separate := is_separate(layout):
        require_root(layout)
    return replace(layout, separate=separate)


def require_root(layout: Layout) -> None:
    """Raises CommandError for a user who cannot act for the accounts of an installation."""
    if os.geteuid():
        raise CommandError(f"root started {layout.state}, so run this as root")


def is_separate(layout: Layout) -> bool:
    """Whether root has given each part of this installation its own account."""
    try:
        entry = layout.accounts.lstat()
    except OSError:
        return False
    return stat.S_ISREG(entry.st_mode) and entry.st_uid == 0


def require_short_paths(sockets: Sequence[Path]) -> None:
    """Raises CommandError for a socket whose path is too long for the kernel."""
    longest = max(sockets, key=lambda path: len(bytes(path)), default=Path())
    excess = len(bytes(longest)) - SOCKET_LIMIT + 1
    if excess > 0:
        raise CommandError(
            f"the path of the socket {longest} is {excess} bytes too long; "
            "use a shorter one: make run STATE=/some/short/path"
        )
