"""An installation: one master, the site that it looks after, its addresses and folders."""

from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints

from model.reading import Model, Name, Port


class SiteRepository(Model):
    """The repository of the site's own folder, which accepts branches."""

    address: Annotated[str, StringConstraints(pattern=r"^(https://[^@\s]+|ssh://\S+|file://\S+)$")]
    """Where git pushes to; without a password, because the UI shows it."""
    branch: str = "main"
    """The branch that the master's copy of the site comes from."""
    folder: str = "."
    """The site's folder in that repository."""


class Reach(Model):
    """How the master requests pages of one environment; like a visitor when empty."""

    address: str | None = None
    """The edge's address, when the master cannot resolve its host names."""
    authority: Path | None = None
    """The authority of its certificates, in PEM, when it is not a public one."""


class ServerAddress(Model):
    """One server of an environment that has machines of its own."""

    address: str
    """The address at which the environment's deploy worker reaches its SSH."""
    key: Annotated[str, StringConstraints(pattern=r"^ssh-ed25519 [A-Za-z0-9+/=]+$")]
    """Its SSH host key, the only one that is accepted."""
    edge: str
    """The address at which the master requests its pages."""

    @property
    def known_hosts_line(self) -> str:
        """Its line in `known_hosts`: https://man.openbsd.org/sshd.8#SSH_KNOWN_HOSTS_FILE_FORMAT."""
        return f"{self.address} {self.key}"

    @property
    def edge_known_hosts_line(self) -> str:
        """The same for whoever reaches it at its edge's address, as the operator does."""
        return f"{self.edge} {self.key}"


class Installation(Model):
    """`installation.toml`, which `master.cfg` reads in the master's own folder; paths absolute."""

    site: Path
    """The site's folder."""
    environments: str = "environments"
    """The folder of the site with the environments."""
    url: str
    """The address under which people reach the Buildbot UI, ending in '/'."""
    http_port: Port
    """The UI's port on loopback; on a public machine it is behind a TLS edge."""
    worker_port: Port
    """The port to which workers connect."""
    worker_address: str = "127.0.0.1"
    """The address of that port; machines of an OpenStack project need one that they can reach."""
    worker_key: Path | None = None
    """The key and the certificate for workers, in one file in PEM, readable by the master alone."""
    worker_certificate: Path | None = None
    """A copy of that certificate for workers' machines; without it traffic is not encrypted."""
    database: str = "sqlite:///state.sqlite"
    """Buildbot's database, which is the ledger: an SQLAlchemy address."""
    store: Path
    """The folder of artifacts and their provenance."""
    secrets: Path
    """The folder of secrets, one file each, unreadable for others."""
    clouds: Path | None = None
    """`clouds.yaml`, the credentials of OpenStack projects; absent: openstacksdk's own paths."""
    site_repository: SiteRepository | None = None
    """Where a trial pushes the change to a newer upstream release; nowhere when absent."""
    machine_gitconfig: Path | None = None
    """The git configuration of machines, such as the addresses of mirrors."""
    reach: dict[Name, Reach] = {}
    """By environment."""
    servers: dict[Name, dict[Name, ServerAddress]] = {}
    """By environment and name; without any, the deploy worker's machine is the only server."""

    @property
    def worker_endpoint(self) -> str:
        """Where the master listens for workers, as a Twisted endpoint."""
        endpoint = f"{self.worker_port}:interface={self.worker_address}"
        if not (self.worker_key and self.worker_certificate):
            return f"tcp:{endpoint}"
        return f"ssl:{endpoint}:privateKey={self.worker_key}"
