"""php-fpm on a server: each PHP component has a master process of its own, with one pool."""

from collections.abc import Iterable
from pathlib import Path

from agent.commands import Command
from agent.rendering import SERVICE_TEMPLATES, render_template
from agent.server import Server
from model.component import Component


def php_components(components: Iterable[Component]) -> list[str]:
    """The names of the components that PHP runs."""
    return [component.name for component in components if component.runtime == "php"]


def program(component: str) -> str:
    """The name of the component's php-fpm among the services of a server."""
    return f"php-{component}"


def configuration_file(server: Server, component: str) -> Path:
    return server.state / f"{program(component)}.conf"


def configuration(server: Server, component: str) -> str:
    """The text of that file."""
    names = {"server": server, "component": component}
    return render_template(SERVICE_TEMPLATES, "php-fpm.conf.j2", names)


def php_ini() -> str:
    """The text of `php.ini`: the settings that the masters need before they read their pools."""
    return render_template(SERVICE_TEMPLATES, "php.ini.j2", {})


def command(server: Server, component: str) -> list[str | Path]:
    files: Command = ["-c", server.state / "php.ini", "-y", configuration_file(server, component)]
    return [server.php_fpm, "--nodaemonize", *files]
