"""What `python -m roles.apply` reads from its input, and what it prints."""

from collections.abc import Mapping
from pathlib import Path

from model.installation import ServerAddress
from model.reading import Model, Name


class PlannedServer(Model):
    """One server to be prepared."""

    environment: Name
    name: Name
    roles: tuple[Name, ...]
    address: ServerAddress
    internal: str
    """Its address in the environment's own network."""

    @property
    def title(self) -> str:
        return f"{self.environment}/{self.name}"


class ServerPlan(Model):
    """All servers that are prepared at once, and the files that this needs."""

    site: Path
    environments: str
    """The folder of the site with the environments' files."""
    signing_key: Path
    """The public half of the key that signs releases."""
    operator_key: Path
    """The private SSH key with which servers are prepared."""
    deploy_keys: Mapping[Name, Path]
    """By environment: the public SSH key of its deploy worker."""
    servers: tuple[PlannedServer, ...]


class Event(Model):
    """One line of the output: what an operation did on a server, or how a server ended."""

    server: str
    """Environment and name: `staging/web-1`."""
    operation: str
    """A sentence: what the server shall have."""
    changes: bool = False
    """Whether something was changed, or would be."""
    error: str | None = None
    """Why it failed, in the program's own words."""
    certificate: str | None = None
    """When the server is ready: the certificate of its edge's own authority, if it has one."""
