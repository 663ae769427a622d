"""Caddy, php-fpm and MariaDB on one server: their files, and the commands that start them."""

from collections.abc import Sequence
from pathlib import Path

from agent import edge, mariadb, php_fpm, setup, uploads
from agent.server import Server
from model.component import Component
from model.environment import Environment

EDGE, DATABASE = "edge", "database"


def files(
    server: Server, environment: Environment, components: Sequence[Component]
) -> dict[Path, str]:
    """Path and text of every configuration file. No text holds a secret."""
    texts = {server.state / "Caddyfile": edge.caddyfile(server, environment, components)}
    for name in php_fpm.php_components(components):
        texts[php_fpm.configuration_file(server, name)] = php_fpm.configuration(server, name)
        texts[server.state / "php.ini"] = php_fpm.php_ini()
    for component in uploads.serving_components(server, components):
        file = uploads.configuration_file(server, component.name)
        texts[file] = uploads.configuration(server, component)
    if server.database:
        texts[server.state / "mariadb.cnf"] = mariadb.configuration(server)
    return texts


def commands(server: Server, components: Sequence[Component]) -> dict[str, list[str | Path]]:
    """The commands by name; each stays in the foreground and stops at SIGTERM."""
    running = {EDGE: edge.command(server)}
    for name in php_fpm.php_components(components):
        running[php_fpm.program(name)] = php_fpm.command(server, name)
    for component in uploads.serving_components(server, components):
        running[uploads.program(component.name)] = uploads.command(server, component.name)
    if server.database:
        running[DATABASE] = mariadb.command(server)
    return running


def write(server: Server, environment: Environment, components: Sequence[Component]) -> None:
    """Create the folders and write the files; running services are not reloaded."""
    setup.create_folders(server, [component.name for component in components])
    for path, text in files(server, environment, components).items():
        path.write_text(text)
