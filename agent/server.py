"""`server.toml`: the paths, ports and sockets of one server."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from model.environment import Port
from model.reading import Model


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
    http_port: Port = 80
    https_port: Port = 443
    bind: str | None = None
    """The address that the edge listens on; all of them when absent."""
    authority: Absolute | None = None
    """The certificate authority to trust; when absent, the system's authorities."""
    database: DatabaseServer | None = None
    php_fpm: str = "php-fpm8.2"
    supervisor: Absolute | None = None
    """The socket of the supervisord that runs the processes of releases with services."""
    edge_group: str | None = None
    """The group as which the edge reaches those processes, where each has its own account."""
    patience: Annotated[int, Field(ge=1)] = 30
    """Seconds within which a process must be healthy."""

    @property
    def address(self) -> str:
        """The address at which the agent requests public pages."""
        return self.bind or "127.0.0.1"

    @property
    def admin_socket(self) -> Path:
        return self.run / "edge-admin.sock"

    @property
    def preview_socket(self) -> Path:
        """The socket at which the edge serves `next`, before it is live."""
        return self.run / "preview.sock"

    @property
    def php_pid(self) -> Path:
        return self.run / "php" / "master.pid"

    def php_socket(self, component: str) -> Path:
        return self.run / "php" / f"{component}.sock"

    def php_folder(self, component: str, kind: str) -> Path:
        """A component's own folder for PHP's `sessions`, `uploads` and `temporary` files."""
        return self.run / "php" / component / kind

    @property
    def services(self) -> Path:
        """The folder with a supervisord configuration, `*.conf`, for each process of a release."""
        return self.state / "services"

    @property
    def sockets(self) -> Path:
        """The sockets of those processes, in a folder for each component and release.

        The name is as short as that of `run`, for the same reason.
        """
        return self.run / "s"

    @property
    def certificates(self) -> Path:
        return self.state / "edge"
