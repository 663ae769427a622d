"""PHP on a server: one master for the environment, one pool for each component."""

from collections.abc import Iterable
from pathlib import Path

from agent.rendering import OWN, rendered
from agent.server import Server
from model.component import Component

FOLDERS = ("sessions", "uploads", "temporary")


def configuration(server: Server, components: Iterable[Component]) -> str:
    """The text of `php-fpm.conf` for those components that run on PHP."""
    pools = [component for component in components if component.runtime == "php"]
    return rendered(OWN, "php-fpm.conf.j2", {"server": server, "components": pools})


def settings() -> str:
    """The text of `php.ini`: what the master must know before it reads its pools."""
    return rendered(OWN, "php.ini.j2", {})


def folders(server: Server, components: Iterable[Component]) -> list[Path]:
    """Where each pool keeps its sessions, uploads and temporary files, unreadable for others."""
    return [
        server.php_folder(component.name, kind)
        for component in components
        if component.runtime == "php"
        for kind in FOLDERS
    ]


def serve(server: Server) -> list[str | Path]:
    return [
        server.php_fpm,
        "--nodaemonize",
        "-c",
        server.state / "php.ini",
        "-y",
        server.state / "php-fpm.conf",
    ]
