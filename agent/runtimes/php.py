"""PHP applications, run by php-fpm. A response header names the instance that made the page."""
# ruff: noqa: ARG001 - every runtime takes the same arguments

import os
import re
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.commands import Command
from agent.component_directory import NEXT, ComponentDirectory
from agent.disk import writing
from agent.errors import AgentError
from agent.instance import Instance
from agent.pages import FetchPage, PageResponse
from agent.server import Server
from agent.supervisor import supervisor_of
from model.component import Serve
from model.environment import Environment
from model.release import METADATA_FOLDER

HEADER = "X-Slipway-Release"

SCRIPT = Path(METADATA_FOLDER) / "release.php"

PREPENDED_SCRIPT = f"""<?php
// Names the instance: the folder that PHP has read this file from.
if (PHP_SAPI !== 'cli') {{
    header('{HEADER}: ' . basename(dirname(__DIR__)));
}}
""".encode()

PREPENDED = re.compile(
    rb"""\s*auto_prepend_file\s*=\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^;\s]*))"""
)
"""The component's own setting: https://www.php.net/manual/en/ini.core.php#ini.auto-prepend-file."""


def configure(
    directory: ComponentDirectory, instance: Instance, folder: Path, serve: Serve
) -> None:
    """Have PHP run our script before each of its own, by `.user.ini` in the document root.

    The component may have such a script too, which ours runs then. The file is read as bytes,
    because it may be in any encoding.
    """
    settings = folder / (serve.root or ".") / ".user.ini"
    lines = settings.read_bytes().splitlines() if settings.is_file() else []
    shipped = [line for line in lines if not line.endswith(f'/{SCRIPT}"'.encode())]
    replace_file(folder / SCRIPT, PREPENDED_SCRIPT + require_statement(shipped))
    ours = f'auto_prepend_file = "{directory.tree(instance) / SCRIPT}"'.encode()
    replace_file(settings, b"\n".join([*shipped, ours, b""]))


def require_statement(settings: Sequence[bytes]) -> bytes:
    """The PHP statement that runs the component's own script; empty without one."""
    values = [
        match.group(match.lastgroup or 0) for match in map(PREPENDED.match, settings) if match
    ]
    if not values or values[-1].lower() in (b"", b"none"):
        return b""
    literal = values[-1].replace(b"\\", b"\\\\").replace(b"'", b"\\'")
    return b"require '%s';\n" % literal


def replace_file(path: Path, content: bytes) -> None:
    """Write a new file, because other instances may have hard links to the old one."""
    path.unlink(missing_ok=True)
    with writing(path):
        path.write_bytes(content)


def reload(directory: ComponentDirectory) -> None:
    """SIGUSR2: php-fpm restarts on the same socket, with an empty opcache."""
    file = directory.server.php_pid(directory.component)
    try:
        process = int(file.read_text())
        if b"php-fpm" not in Path(f"/proc/{process}/cmdline").read_bytes():
            raise AgentError(f"{file}: process {process} is not php-fpm")
        if directory.component in directory.server.accounts:
            # Of another account, to which the agent may send no signal.
            supervisor = supervisor_of(directory.server, directory.component)
            supervisor.signal(supervisor.pids()[process], "USR2")
        else:
            os.kill(process, signal.SIGUSR2)
    except (FileNotFoundError, ProcessLookupError, KeyError, ValueError):
        raise AgentError(f"{file}: php-fpm is not running") from None


def verify_instance(
    name: str, serve: Serve, responses: Sequence[PageResponse], fetch_page: FetchPage
) -> None:
    names = {response.headers.get(HEADER.lower(), "") for response in responses} - {""}
    if not names:
        raise AgentError(f"no checked page came from PHP: none has the header {HEADER}")
    if names != {name}:
        others = ", ".join(other for other in names - {name})
        raise AgentError(f"release {others} answers instead of {name}")


def caddy_directives(
    directory: ComponentDirectory, link: str, service: str, environment: Environment
) -> str:
    """`php_fastcgi` to the component's pool.

    `resolve_root_symlink`: without it PHP serves the first release for ever. `lb_retries`: under
    full load one in fifty reloads of php-fpm closes a new connection before reading the request;
    Caddy then repeats a GET.
    """
    variables = public_variables(environment) if link == NEXT else {}
    return "\n".join(
        [
            f"php_fastcgi unix/{directory.server.php_socket(directory.component)} {{",
            "\tresolve_root_symlink",
            "\tlb_retries 3",
            "\tlb_try_interval 50ms",
            "\theader_down -Strict-Transport-Security",
            *(f"\tenv {name} {value}" for name, value in variables.items()),
            "}",
            "file_server",
        ]
    )


def public_variables(environment: Environment) -> Mapping[str, str]:
    """CGI variables that make a request at the preview socket look like a visitor's over HTTPS."""
    return {
        "HTTPS": "on",
        "REQUEST_SCHEME": "https",
        "SERVER_PORT": str(environment.https_port),
        "REMOTE_ADDR": "127.0.0.1",
    }


def variables(release: Path) -> Mapping[str, str]:
    return {}


def version(server: Server) -> Command:
    """That of the command line's PHP, which Debian updates together with php-fpm."""
    return re.sub("-?fpm", "", server.php_fpm), "-r", "echo PHP_VERSION;"
