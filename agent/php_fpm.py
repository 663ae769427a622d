"""php-fpm on a server: one master process, with one pool for each PHP component."""

from collections.abc import Iterable
from pathlib import Path

from agent.rendering import SERVICE_TEMPLATES, render_template
from agent.server import Server
from model.component import Component

FOLDERS = ("sessions", "uploads", "temporary")


def configuration(server: Server, components: Iterable[Component]) -> str:
    """The text of `php-fpm.conf`."""
    pools = [component for component in components if component.runtime == "php"]
    return render_template(
        SERVICE_TEMPLATES, "php-fpm.conf.j2", {"server": server, "components": pools}
    )


def php_ini() -> str:
    """The text of `php.ini`: the settings that the master needs before it reads its pools."""
    return render_template(SERVICE_TEMPLATES, "php.ini.j2", {})


def folders(server: Server, components: Iterable[Component]) -> list[Path]:
    """The folders of each pool for sessions, uploads and temporary files."""
    return [
        server.php_folder(component.name, kind)
        for component in components
        if component.runtime == "php"
        for kind in FOLDERS
    ]


def command(server: Server) -> list[str | Path]:
    return [
        server.php_fpm,
        "--nodaemonize",
        "-c",
        server.state / "php.ini",
        "-y",
        server.state / "php-fpm.conf",
    ]
