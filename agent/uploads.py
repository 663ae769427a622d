"""What visitors have uploaded to a component, served by a process of the component's own account.

A component could have the edge follow a link from its uploads to what only the edge reads, such as
the keys of its certificates. So where the component has an account, a second Caddy with that
account's rights answers for the writable folders. PHP components need it: the others, which have
processes of their own, serve what they store themselves.
"""

from collections.abc import Iterable
from pathlib import Path

from agent.component_directory import ComponentDirectory
from agent.rendering import SERVICE_TEMPLATES, render_template
from agent.server import Server
from model.component import Component


def serving_components(server: Server, components: Iterable[Component]) -> list[Component]:
    """The components whose uploads have a process of their own."""
    return [c for c in components if server.accounts and c.runtime == "php" and c.serve.writable]


def program(component: str) -> str:
    """The name of the component's process for uploads among the services of a server."""
    return f"uploads-{component}"


def socket(server: Server, component: str) -> Path:
    return server.php_socket(component).with_name("uploads.sock")


def configuration_file(server: Server, component: str) -> Path:
    return server.state / f"{program(component)}.Caddyfile"


def configuration(server: Server, component: Component) -> str:
    """The text of that file."""
    shared = ComponentDirectory(server, component.name).shared
    root = shared / (component.serve.root or "")
    names = {"socket": socket(server, component.name), "root": root}
    return render_template(SERVICE_TEMPLATES, "uploads.Caddyfile.j2", names)


def command(server: Server, component: str) -> list[str | Path]:
    """HOME is set because Caddy saves a copy of its configuration below it."""
    home = f"HOME={server.php_folder(component, 'temporary')}"
    file = configuration_file(server, component)
    return ["env", home, "caddy", "run", "--config", file, "--adapter", "caddyfile"]
