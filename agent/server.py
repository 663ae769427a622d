"""`server.toml`: the paths, ports and sockets of one server."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from model.reading import Model, Port


def absolute(path: Path) -> Path:
    """Refuse a path that depends on the working directory, or that a Caddyfile cannot quote."""
    if not path.is_absolute() or any(character in str(path) for character in ' \t"{}'):
        raise ValueError("must be an absolute path without spaces, quotes and braces")
    return path


Absolute = Annotated[Path, AfterValidator(absolute)]


class DatabaseServer(Model):
    """The MariaDB of this server."""

    socket: Absolute
    user: str
    """An administrator, whom MariaDB identifies by the account that opens the socket."""


class ComponentAccount(Model):
    """The account of one component, where it is not that of the agent.

    Groups are names, or numbers for those without one. The agent is a member of both.
    """

    group: str
    """Whose members read the component's secrets: its own account's group."""
    readers: str
    """Whose members enter its directory: its own account, and the edge's."""
    supervisor: Absolute | None = None
    """The socket of the supervisord that its account runs; None for a component of mere files."""


class Server(Model):
    """One server of one environment."""

    srv: Absolute
    """A folder for each component: its releases, shared files and journal."""
    run: Absolute
    """Sockets and process ids; short, since a socket's path holds 107 characters."""
    state: Absolute
    """The services' own files: certificates, the database, configuration."""
    log: Absolute
    public_key: Absolute
    """The master's public key in PEM, which verifies the provenance of every release."""
    php_fpm: str
    """The program; Debian puts PHP's version into its name."""
    http_port: Port = 80
    https_port: Port = 443
    bind: str | None = None
    """The address that the edge listens on; all of them when absent."""
    authority: Absolute | None = None
    """The certificate authority to trust; when absent, the system's authorities."""
    database: DatabaseServer | None = None
    supervisor: Absolute | None = None
    """The socket of the supervisord that runs the processes of releases with services."""
    accounts: Mapping[str, ComponentAccount] = {}
    """For each component its account; empty where everything runs as the agent's account."""
    edge: str | None = None
    """The group of the edge's account, where that is not the agent's account."""
    patience: Annotated[int, Field(ge=1)] = 30
    """Seconds within which a process must be healthy."""

    @property
    def address(self) -> str:
        """The address at which the agent requests public pages."""
        return self.bind or "127.0.0.1"

    @property
    def admin_socket(self) -> Path:
        return self.run / "edge" / "admin.sock"

    @property
    def preview_socket(self) -> Path:
        """The socket at which the edge serves `next`, before it is live."""
        return self.run / "edge" / "preview.sock"

    @property
    def edge_log(self) -> Path:
        return self.log / "edge"

    def php_pid(self, component: str) -> Path:
        return self.run / "php" / component / "master.pid"

    def php_socket(self, component: str) -> Path:
        return self.run / "php" / component / "php.sock"

    def php_folder(self, component: str, kind: str) -> Path:
        """A component's own folder for PHP's `sessions`, `uploads` and `temporary` files."""
        return self.state / "php" / component / kind

    def services(self, component: str) -> Path:
        """The folder with a supervisord configuration, `*.conf`, for each process of a release."""
        return self.state / "services" / component

    def component_log(self, component: str) -> Path:
        """The folder of the logs that the component's processes write."""
        return self.log / component

    @property
    def sockets(self) -> Path:
        """The sockets of those processes, in a folder for each component and release.

        The name is as short as that of `run`, for the same reason.
        """
        return self.run / "s"

    @property
    def certificates(self) -> Path:
        return self.state / "edge"
