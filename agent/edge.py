"""The web server before every component: TLS, what is hidden, which release answers."""

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from agent import runtimes
from agent.component_directory import CURRENT, NEXT, ComponentDirectory
from agent.rendering import OWN, rendered
from agent.server import Server
from model.component import Component, Serve
from model.environment import Environment
from model.release import FOLDER

ALWAYS_HIDDEN = (rf".*/{re.escape(FOLDER)}", r".*/\.git[^/]*", r".*/\.user\.ini")


def caddyfile(server: Server, environment: Environment, components: Iterable[Component]) -> str:
    """The text of the environment's Caddyfile; a deployment changes links, never this."""
    names = {
        "server": server,
        "environment": environment,
        "sites": [site for part in components for site in sites(server, environment, part)],
        "current": CURRENT,
        "next": NEXT,
        "marker": f"{FOLDER}/manifest.json",
    }
    return rendered(OWN, "Caddyfile.j2", names)


def sites(
    server: Server, environment: Environment, component: Component
) -> list[dict[str, object]]:
    """What the Caddyfile's template needs to know of each host that a component answers at."""
    services = [(service.name, label) for service, label in component.public_services]
    hosts = services or [("", component.host)]
    return [
        site(ComponentDirectory(server, component.name), environment, component, *host)
        for host in hosts
    ]


def site(
    directory: ComponentDirectory,
    environment: Environment,
    component: Component,
    service: str,
    label: str,
) -> dict[str, object]:
    runtime = runtimes.of(component.runtime)
    return {
        "host": environment.address(label),
        "url": environment.location(label).rstrip("/"),
        "folder": directory.folder,
        "root": f"/{component.serve.root}" if component.serve.root else "",
        "hidden": hidden(component.serve),
        # An account of its own could link to what only the edge may read.
        "writable": "" if component.services else expression(writable(component.serve)),
        "answer": runtime.answer(directory, CURRENT, service, environment),
        "preview": runtime.answer(directory, NEXT, service, environment),
    }


def hidden(serve: Serve) -> str:
    """A regular expression for the paths that nobody may ask for.

    Ours instead of Caddy's own `*`, which stops at each slash. What PHP would take for the rest of
    a script's path (`/wp-config.php/anything`) is hidden with it.
    """
    declared = [".*".join(re.escape(part) for part in path.split("*")) for path in serve.hidden]
    uploaded = [rf"{folder}/.*\.php" for folder in writable(serve)]
    return expression([*ALWAYS_HIDDEN, *declared, *uploaded])


def writable(serve: Serve) -> list[str]:
    """Those writable folders that have a URL, as regular expressions for their paths."""
    root = PurePosixPath(serve.root or ".")
    inside = [PurePosixPath(p) for p in serve.writable if PurePosixPath(p).is_relative_to(root)]
    return [re.escape(f"/{path.relative_to(root)}") for path in inside]


def expression(paths: list[str]) -> str:
    """Caddy's path_regexp for any of the paths and what lies below them; empty for none."""
    either = "|".join(paths).replace('"', r"\x22")
    return f'"(?i)^({either})(/|$)"' if paths else ""


def serve(server: Server) -> list[str | Path]:
    """Caddy keeps a copy of its configuration below HOME, whatever else it is told."""
    home = [
        f"{name}={server.certificates}" for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
    ]
    path = server.state / "Caddyfile"
    return ["env", *home, "caddy", "run", "--config", path, "--adapter", "caddyfile"]
