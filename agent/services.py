"""Caddy, php-fpm and MariaDB on one server: their files, and the commands that start them."""

from collections.abc import Sequence
from pathlib import Path

from agent import edge, mariadb, php_fpm
from agent.server import Server
from model.component import Component
from model.environment import Environment


def files(
    server: Server, environment: Environment, components: Sequence[Component]
) -> dict[Path, str]:
    """Path and text of every configuration file. No text holds a secret."""
    texts = {"Caddyfile": edge.caddyfile(server, environment, components)}
    if runs_php(components):
        texts["php-fpm.conf"] = php_fpm.configuration(server, components)
        texts["php.ini"] = php_fpm.php_ini()
    if server.database:
        texts["mariadb.cnf"] = mariadb.configuration(server)
    return {server.state / name: text for name, text in texts.items()}


def folders(server: Server, components: Sequence[Component]) -> list[Path]:
    """The folders that the services need before they start, closed to other accounts."""
    own = [server.srv, server.run, server.state, server.log, server.certificates]
    own += [mariadb.temporary_folder(server)] if server.database else []
    return [*own, server.php_pid.parent, *php_fpm.folders(server, components)]


def commands(server: Server, components: Sequence[Component]) -> dict[str, list[str | Path]]:
    """The commands by name; each stays in the foreground and stops at SIGTERM."""
    running = {"edge": edge.command(server)}
    if runs_php(components):
        running["php"] = php_fpm.command(server)
    if server.database:
        running["database"] = mariadb.command(server)
    return running


def write(server: Server, environment: Environment, components: Sequence[Component]) -> None:
    """Create the folders and write the files; running services are not reloaded."""
    for folder in folders(server, components):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path, text in files(server, environment, components).items():
        path.write_text(text)


def runs_php(components: Sequence[Component]) -> bool:
    return any(component.runtime == "php" for component in components)
