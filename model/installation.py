"""An installation: where one master runs, which site it looks after, where it keeps things."""

from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints

from model.environment import Port
from model.reading import Model, Name


class SiteRepository(Model):
    """Where the site's own folder is kept under version control, and takes branches."""

    address: Annotated[str, StringConstraints(pattern=r"^(https://[^@\s]+|ssh://\S+|file://\S+)$")]
    """What git pushes to; without a password, which the UI would show."""
    branch: str = "main"
    """The branch that the master's copy of the site comes from."""
    folder: str = "."
    """The site's folder in that repository."""


class Reach(Model):
    """How the master asks for the pages of one environment; as everybody does when empty."""

    address: str | None = None
    """Where its edge is, when its host names mean nothing here."""
    authority: Path | None = None
    """Whom to believe about its certificates, when nobody else does."""


class ServerAddress(Model):
    """One server of an environment that has machines of its own."""

    address: str
    """Where the environment's deploy worker finds its SSH."""
    key: Annotated[str, StringConstraints(pattern=r"^ssh-ed25519 [A-Za-z0-9+/=]+$")]
    """By which SSH knows it, and nothing else is believed."""
    edge: str
    """The address at which the master asks for its pages."""

    @property
    def known(self) -> str:
        """Its line of `known_hosts`: https://man.openbsd.org/sshd.8#SSH_KNOWN_HOSTS_FILE_FORMAT."""
        return f"{self.address} {self.key}"


class Installation(Model):
    """`installation.toml`, which `master.cfg` reads in the master's own folder; paths absolute."""

    site: Path
    """The site's folder."""
    environments: str = "environments"
    """Which folder of the site describes the environments."""
    url: str
    """The address under which people reach the Buildbot UI, ending in '/'."""
    http_port: Port
    """The UI's port on loopback; a TLS edge stands before it on a public machine."""
    worker_port: Port
    """The port to which workers connect."""
    worker_address: str = "127.0.0.1"
    """The address of that port; machines of an OpenStack project need one that they can reach."""
    worker_key: Path | None = None
    """The key of `worker_certificate`, in PEM, which the master alone can read."""
    worker_certificate: Path | None = None
    """By which workers know the master, in PEM; without it nothing between them is encrypted."""
    database: str = "sqlite:///state.sqlite"
    """Buildbot's database, which is the ledger: an SQLAlchemy address."""
    store: Path
    """The folder of artifacts and their provenance."""
    secrets: Path
    """The folder of secrets, one file each, unreadable for others."""
    clouds: Path | None = None
    """`clouds.yaml`, the credentials of OpenStack projects; absent: where openstacksdk looks."""
    site_repository: SiteRepository | None = None
    """Where a trial pushes the change to a newer upstream release; nowhere when absent."""
    machine_gitconfig: Path | None = None
    """What git on machines is told, such as where mirrors are; nothing when absent."""
    reach: dict[Name, Reach] = {}
    """By environment."""
    servers: dict[Name, dict[Name, ServerAddress]] = {}
    """By environment and name; an environment without any has one, its deploy worker's machine."""

    @property
    def worker_endpoint(self) -> str:
        """Where the master listens for workers, as Twisted describes it."""
        place = f"{self.worker_port}:interface={self.worker_address}"
        if not (self.worker_key and self.worker_certificate):
            return f"tcp:{place}"
        return f"ssl:{place}:privateKey={self.worker_key}:certKey={self.worker_certificate}"
