"""One server as a role sees it."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from agent.server import Server
from model.component import Component
from model.environment import Environment
from model.role import BASE
from model.server_group import ServerGroup
from model.site import Site
from servers import server_accounts
from servers.debian_releases import DebianRelease
from servers.settings import server_settings

OPT = Path("/opt/slipway")
ETC = Path("/etc/slipway")
STATE = Path("/var/lib/slipway")
UNITS = Path("/etc/systemd/system")


@dataclass(frozen=True)
class Peer:
    """A server of the same environment."""

    name: str
    address: str
    """Where the others reach it."""
    roles: tuple[str, ...]


@dataclass(frozen=True)
class ManagedServer:
    """The server, the environment that it is part of, and whom it trusts."""

    name: str
    peers: tuple[Peer, ...]
    """All servers of the environment, itself too."""
    site: Site
    environment: Environment
    signing_key: str
    """The public key that verifies releases, in PEM."""
    deploy_key: str
    """The public SSH key of the environment's deploy worker."""
    release: DebianRelease
    """What the machine runs."""

    @property
    def address(self) -> str:
        """Where the other servers of the environment reach it."""
        return next(peer.address for peer in self.peers if peer.name == self.name)

    @property
    def group(self) -> ServerGroup:
        return self.environment.server_groups[self.name]

    def having(self, role: str) -> list[Peer]:
        """The servers that have a role; every server has `base`."""
        return [peer for peer in self.peers if role in (BASE, *peer.roles)]

    @property
    def components(self) -> tuple[Component, ...]:
        return self.site.components

    @property
    def running_components(self) -> list[Component]:
        """Those with processes, and so with an account and a unit."""
        return [component for component in self.components if component.has_processes]

    @property
    def settings(self) -> Server:
        return machine_settings(self.site, self.environment, self.release)


@dataclass(frozen=True)
class ServiceCheck:
    """How one sees that a service works."""

    unit: str
    command: str
    """Shell, run as root; the service works when it ends with 0."""


def machine_settings(site: Site, environment: Environment, release: DebianRelease) -> Server:
    """The `server.toml` of a server that is a machine of its own."""
    return server_settings(
        site,
        environment,
        release,
        srv=Path("/srv"),
        run=STATE / "run",
        state=STATE / "state",
        log=Path("/var/log/slipway"),
        public_key=ETC / "signing-key.pub",
        account=server_accounts.AGENT,
        authority=ETC / "authority.pem",
        accounts=server_accounts.component_accounts(site.components),
        edge=server_accounts.EDGE,
    )


def digest(texts: Iterable[str | bytes]) -> str:
    """Of several texts, in their order."""
    sums = [sha256(text.encode() if isinstance(text, str) else text).digest() for text in texts]
    return sha256(b"".join(sums)).hexdigest()[:12]
