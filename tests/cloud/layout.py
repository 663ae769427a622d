"""Where the test cloud keeps things and which ports it uses: all follows from one folder.

Standard library only: stopping works without any virtual environment.
"""

import hashlib
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from pathlib import Path

from local.layout import CHECKOUT, require_short_paths

HERE = Path(__file__).resolve().parent
KEPT = CHECKOUT / "var" / "cloud"
"""What is slow to make and serves every cloud of this checkout."""

SERVICES = ("keystone", "glance", "placement", "nova", "neutron")
PORTS = (
    *SERVICES,
    *(f"{service}-internal" for service in SERVICES),
    "rabbit",
    "rabbit-distribution",
    "epmd",
    "faults",
)
FIRST_PORT = 17000

MARK = "SLIPWAY_CLOUD"
"""The variable by which processes of a cloud are known; its value is the cloud's folder."""
PREFIX = "slipcloud-"
"""What the names of our network namespaces begin with."""


@dataclass(frozen=True)
class Layout:
    """One cloud's folder and ports; two with different ones do not meet."""

    state: Path
    first_port: int = FIRST_PORT

    @property
    def prefix(self) -> str:
        """What the names of this one cloud's network namespaces begin with."""
        return f"{PREFIX}{hashlib.sha256(bytes(self.state)).hexdigest()[:4]}-"

    def port(self, name: str) -> int:
        return self.first_port + PORTS.index(name)

    def url(self, service: str) -> str:
        """Where clients find a service: the proxy that can make it fail."""
        return f"http://127.0.0.1:{self.port(service)}"

    def internal(self, service: str) -> str:
        """Where the services find each other."""
        return self.url(f"{service}-internal")

    @property
    def clouds_yaml(self) -> Path:
        return self.state / "clouds.yaml"

    @property
    def relays(self) -> Path:
        """Which services of the host's loopback machines reach; read again when it changes."""
        return self.state / "relays.json"

    @property
    def configuration(self) -> Path:
        return self.state / "etc"

    @property
    def logs(self) -> Path:
        return self.state / "log"

    @property
    def kept_by_services(self) -> Path:
        """What the services remember: all that the template is made of."""
        return self.state / "kept"

    @property
    def machines(self) -> Path:
        """A folder for each machine: its writable layer, its mount point and its console."""
        return self.state / "machines"

    @property
    def networks(self) -> Path:
        """A file for each network that has a namespace; the driver writes them."""
        return self.state / "networks"

    @property
    def floating(self) -> Path:
        """A file for each floating IP in use; Neutron's driver writes them."""
        return self.state / "floating"

    @property
    def socket(self) -> Path:
        """MariaDB's, behind a door: it asks nobody for a password."""
        return self.state / "sql" / "sock"


def arguments(parser: ArgumentParser) -> ArgumentParser:
    """Add what says which cloud is meant."""
    parser.add_argument("--state", type=Path, default=KEPT / "run", help="the cloud's own folder")
    parser.add_argument("--first-port", type=int, default=FIRST_PORT)
    return parser


def layout(given: Namespace) -> Layout:
    """The cloud that the arguments mean; raises CommandError when its socket has no room."""
    meant = Layout(given.state.absolute(), given.first_port)
    require_short_paths([meant.socket])
    return meant
