"""PHP applications, run by php-fpm; every page says in a header which release made it."""
# ruff: noqa: ARG001 - every runtime takes the same arguments

import os
import re
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.commands import Command
from agent.component_directory import NEXT, ComponentDirectory
from agent.failure import Failure
from agent.pages import Answer, Ask
from agent.server import Server
from model.component import Serve
from model.environment import Environment
from model.release import FOLDER, SHORT, Digest

HEADER = "X-Slipway-Release"

PREPENDED = f"""<?php
// Says which release answers: the folder that this very file was read from.
if (PHP_SAPI !== 'cli') {{
    header('{HEADER}: ' . basename(dirname(__DIR__)));
}}
"""


def configure(directory: ComponentDirectory, digest: Digest, folder: Path, serve: Serve) -> None:
    """Have PHP run our line before each script; PHP looks for `.user.ini` from its root on."""
    (folder / FOLDER / "release.php").write_text(PREPENDED)
    settings = folder / (serve.root or ".") / ".user.ini"
    shipped = settings.read_text() + "\n" if settings.is_file() else ""
    settings.unlink(missing_ok=True)
    prepended = directory.release(digest) / FOLDER / "release.php"
    settings.write_text(f'{shipped}auto_prepend_file = "{prepended}"\n')


def reload(server: Server) -> None:
    """SIGUSR2: php-fpm starts anew on the same sockets, with an empty opcache."""
    try:
        process = int(server.php_pid.read_text())
        if b"php-fpm" not in Path(f"/proc/{process}/cmdline").read_bytes():
            raise Failure(f"{server.php_pid}: process {process} is not php-fpm")
        os.kill(process, signal.SIGUSR2)
    except (FileNotFoundError, ProcessLookupError, ValueError):
        raise Failure(f"{server.php_pid}: php-fpm is not running") from None


def prove(digest: Digest, serve: Serve, answers: Sequence[Answer], ask: Ask) -> None:
    told = {answer.headers.get(HEADER.lower(), "") for answer in answers} - {""}
    if not told:
        raise Failure(f"no checked page came from PHP: none has the header {HEADER}")
    if told != {digest}:
        other = ", ".join(name[:SHORT] for name in told - {digest})
        raise Failure(f"release {other} answers instead of {digest[:SHORT]}")


def answer(directory: ComponentDirectory, link: str, service: str, environment: Environment) -> str:
    """The edge's side of PHP.

    `resolve_root_symlink`: otherwise PHP goes on serving the release it saw first. `lb_retries`:
    under full load one in fifty reloads of php-fpm closes a connection that was just made, before
    it has read the request; a GET is then asked again.
    """
    believed = as_if_public(environment) if link == NEXT else {}
    return "\n".join(
        [
            f"php_fastcgi unix/{directory.server.php_socket(directory.component)} {{",
            "\tresolve_root_symlink",
            "\tlb_retries 3",
            "\tlb_try_interval 50ms",
            "\theader_down -Strict-Transport-Security",
            *(f"\tenv {name} {value}" for name, value in believed.items()),
            "}",
            "file_server",
        ]
    )


def as_if_public(environment: Environment) -> Mapping[str, str]:
    """What an application asked through the preview socket must believe."""
    return {
        "HTTPS": "on",
        "REQUEST_SCHEME": "https",
        "SERVER_PORT": str(environment.https_port),
        "REMOTE_ADDR": "127.0.0.1",
    }


def variables(release: Path) -> Mapping[str, str]:
    return {}


def version(server: Server) -> Command:
    """Of the command line's PHP, which Debian updates together with php-fpm."""
    return re.sub("-?fpm", "", server.php_fpm), "-r", "echo PHP_VERSION;"
