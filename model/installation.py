"""An installation: where one master runs, which site it looks after, where it keeps things."""

from pathlib import Path

from model.environment import Port
from model.reading import Model


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
    """The port on loopback to which workers connect."""
    database: str = "sqlite:///state.sqlite"
    """Buildbot's database, which is the ledger: an SQLAlchemy address."""
    store: Path
    """The folder of artifacts and their provenance."""
    secrets: Path
    """The folder of secrets, one file each, unreadable for others."""
