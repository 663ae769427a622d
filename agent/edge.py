"""The Caddyfile of the edge, the web server in front of every component.

Each public host of a component has two site blocks. The public one serves the release that the link
`current` points at, over TLS. The other one serves `next`, at a Unix socket that only this server
reaches, so that a release is checked before visitors reach it.
"""

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from agent import runtimes, uploads
from agent.component_directory import CURRENT, NEXT, READ_ONLY, ComponentDirectory
from agent.rendering import SERVICE_TEMPLATES, render_template
from agent.server import Server
from model.component import Component, Serve, hidden_pattern
from model.environment import Environment
from model.release import METADATA_FOLDER

RETRY_AFTER = 5
"""Seconds after which a visitor may send again what was refused during a migration."""

ALWAYS_HIDDEN = (rf".*/{re.escape(METADATA_FOLDER)}", r".*/\.git[^/]*", r".*/\.user\.ini")

PRIVATE_PARAMETER = (
    r"((?:[?&#;]|%3[Ff]|%26)(?:[^=&;#%]|%[0-9A-Fa-f]{2})*?"
    r"(?i:auth|code|csrf|jwt|key|nonce|otp|pass|pwd|secret|sess|sid|sig|ticket|token)"
    r"(?:[^=&;#%]|%[0-9A-Fa-f]{2})*?(?:=|%3[Dd]))[^&#]*"
)
"""Parameters whose values are kept out of the log: a reader of the log could use them.

Also those of an address within an address, such as `?redirect_to=%2Fa%3Ftoken%3D…`.
"""


def caddyfile(server: Server, environment: Environment, components: Iterable[Component]) -> str:
    """The text of the environment's Caddyfile; a deployment replaces links and leaves it as is."""
    blocks = [
        block for component in components for block in site_blocks(server, environment, component)
    ]
    names = {
        "server": server,
        "environment": environment,
        "sites": blocks,
        "current": CURRENT,
        "next": NEXT,
        "read_only": READ_ONLY,
        "retry_after": RETRY_AFTER,
        "private_parameter": PRIVATE_PARAMETER,
        "manifest": f"{METADATA_FOLDER}/manifest.json",
    }
    return render_template(SERVICE_TEMPLATES, "Caddyfile.j2", names)


def site_blocks(
    server: Server, environment: Environment, component: Component
) -> list[dict[str, object]]:
    """The values of the Caddyfile's template for each public host of a component."""
    services = [(service.name, label) for service, label in component.public_services]
    hosts = services or [("", component.host)]
    directory = ComponentDirectory(server, component.name)
    return [site_block(directory, environment, component, *host) for host in hosts]


def site_block(
    directory: ComponentDirectory,
    environment: Environment,
    component: Component,
    service: str,
    label: str,
) -> dict[str, object]:
    runtime = runtimes.get_runtime(component.runtime)
    return {
        "host": environment.address(label),
        "url": environment.location(label).rstrip("/"),
        "folder": directory.path,
        "root": f"/{component.serve.root}" if component.serve.root else "",
        "hidden": hidden_paths(component.serve),
        # A component could put links there to files that only the edge may read.
        "uploads": uploads.socket(directory.server, component.name)
        if uploads.serving_components(directory.server, [component])
        else None,
        "writable": "" if component.services else path_regexp(writable_paths(component.serve)),
        "current": runtime.caddy_directives(directory, CURRENT, service, environment),
        "next": runtime.caddy_directives(directory, NEXT, service, environment),
    }


def hidden_paths(serve: Serve) -> str:
    """A regular expression for the paths that are answered with 404.

    Not Caddy's own `*`, because that stops at each slash. A hidden script is hidden with any
    PATH_INFO behind it as well: `/wp-config.php/anything`.
    """
    declared = [hidden_pattern(path) for path in serve.hidden]
    uploaded = [rf"{folder}/.*\.php" for folder in writable_paths(serve)]
    return path_regexp([*ALWAYS_HIDDEN, *declared, *uploaded])


def writable_paths(serve: Serve) -> list[str]:
    """The URL paths of writable folders below the root, as regular expressions."""
    root = PurePosixPath(serve.root or ".")
    inside = [PurePosixPath(p) for p in serve.writable if PurePosixPath(p).is_relative_to(root)]
    return [re.escape(f"/{path.relative_to(root)}") for path in inside]


def path_regexp(paths: list[str]) -> str:
    """Caddy's path_regexp for any of the paths and everything below them; empty for no path."""
    alternatives = "|".join(paths).replace('"', r"\x22")
    return f'"(?i)^({alternatives})(/|$)"' if paths else ""


def command(server: Server) -> list[str | Path]:
    """Run Caddy; HOME is set because Caddy saves a copy of its configuration below it."""
    home = [
        f"{name}={server.certificates}" for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
    ]
    path = server.state / "Caddyfile"
    return ["env", *home, "caddy", "run", "--config", path, "--adapter", "caddyfile"]
