"""The web server before every component: TLS, what is hidden, which release answers."""

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from hosts import runtimes
from hosts.place import CURRENT, NEXT
from hosts.rendering import OWN, rendered
from hosts.server import Server
from model.component import Component, Serve
from model.environment import Environment
from model.release import FOLDER

ALWAYS_HIDDEN = (rf".*/{re.escape(FOLDER)}", r".*/\.git[^/]*", r".*/\.user\.ini")


def caddyfile(server: Server, environment: Environment, components: Iterable[Component]) -> str:
    """The text of the environment's Caddyfile; a deployment changes links, never this."""
    names = {
        "server": server,
        "environment": environment,
        "sites": [site(server, environment, component) for component in components],
        "current": CURRENT,
        "next": NEXT,
        "marker": f"{FOLDER}/manifest.json",
    }
    return rendered(OWN, "Caddyfile.j2", names)


def site(server: Server, environment: Environment, component: Component) -> dict[str, object]:
    """What the Caddyfile's template needs to know of one component."""
    runtime = runtimes.of(component.runtime)
    return {
        "host": environment.host(component),
        "url": environment.url(component).rstrip("/"),
        "folder": server.srv / component.name,
        "root": f"/{component.serve.root}" if component.serve.root else "",
        "hidden": hidden(component.serve),
        "writable": expression(writable(component.serve)),
        "answer": runtime.answer(server, component.name, {}),
        "preview": runtime.answer(server, component.name, as_if_public(environment)),
    }


def as_if_public(environment: Environment) -> dict[str, str]:
    """What an application asked through the preview socket must believe."""
    return {
        "HTTPS": "on",
        "REQUEST_SCHEME": "https",
        "SERVER_PORT": str(environment.https_port),
        "REMOTE_ADDR": "127.0.0.1",
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
