"""Create a server for the tests, and run its services: Caddy, php-fpm, MariaDB, supervisord."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import tomli_w

from agent import mariadb, php_fpm, services
from agent.commands import run
from agent.server import Server
from local import account_names
from local.services.environment_servers import publish_authority
from model.component import Component
from model.environment import Environment
from model.reading import read
from releases.provenance import generate_key
from servers import debian_releases
from tests.agent.server_accounts import ENVIRONMENT, ServerAccounts
from tests.agent.server_fixture import ServerFixture
from tests.agent.supervision import Supervisord
from tests.agent.waiting import wait_until


def create_server(folder: Path, components: tuple[Component, ...]) -> ServerFixture:
    """A server whose services are not started."""
    http, https = free_ports(2)
    private_key, public_key = generate_key()
    (folder / "key.pem").write_text(public_key)
    accounts = ServerAccounts.choose(folder, components)
    settings: dict[str, Any] = {
        **{name: str(folder / name) for name in ("srv", "run", "state", "log")},
        "public_key": str(folder / "key.pem"),
        "php_fpm": debian_releases.of_this_machine().php_fpm,
        "http_port": http,
        "https_port": https,
        "bind": "127.0.0.1",
        "authority": str(folder / "authority.pem"),
        "supervisor": str(folder / "supervisord.sock"),
        "patience": 5,
        **accounts.settings(folder, components),
    }
    if any(component.database for component in components):
        account = pwd.getpwuid(os.geteuid()).pw_name
        settings["database"] = {"socket": str(folder / "run/mariadb.sock"), "user": account}
    (folder / "server.toml").write_text(tomli_w.dumps(settings))
    environment = Environment(
        name=ENVIRONMENT,
        domain="test.localhost",
        indexed=False,
        tls="internal",
        http_port=http,
        https_port=https,
        keep=2,
    )
    server = read(folder / "server.toml", Server)
    return ServerFixture(
        folder=folder,
        settings=server,
        environment=environment,
        components={component.name: component for component in components},
        private_key=private_key,
        supervisord=Supervisord(server, accounts, [component.name for component in components]),
        accounts=accounts,
    )


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextmanager
def run_services(fixture: ServerFixture) -> Iterator[ServerFixture]:
    """Run the server's services during the block."""
    components = tuple(fixture.components.values())
    if number := fixture.accounts.numbers.get(ENVIRONMENT):
        shutil.chown(fixture.folder, number, number)

    def write() -> None:
        services.write(fixture.settings, fixture.environment, components)

    fixture.accounts.call(ENVIRONMENT, write)
    account = pwd.getpwuid(os.geteuid()).pw_name
    if fixture.settings.database:
        run(mariadb.initialise(fixture.settings, account))
    try:
        start_services(fixture)
        yield fixture
    finally:
        fixture.supervisord.end()
        for process in fixture.services.values():
            process.send_signal(signal.SIGTERM)
        for process in fixture.services.values():
            process.wait(20)
        # Releases are read-only, and pytest could not remove them.
        run(["chmod", "-R", "u+w", fixture.settings.srv])
        run(["rm", "-rf", mariadb.folder(fixture.settings)])


def start_services(fixture: ServerFixture) -> None:
    """Start the services that do not run, and wait until all of them answer."""
    components = tuple(fixture.components.values())
    for name, command in services.commands(fixture.settings, components).items():
        if name not in fixture.services:
            log = (fixture.settings.log / f"{name}.out").open("ab")
            # Root runs no PHP and no database here: tests/local/test_accounts.py has both.
            prefix = fixture.accounts.prefix(account_names.of_edge(ENVIRONMENT))
            die_with_parent = [*prefix, "setpriv", "--pdeathsig", "TERM", *map(str, command)]
            fixture.services[name] = subprocess.Popen(
                die_with_parent, stdout=log, stderr=log, start_new_session=True, umask=0o007
            )
    if not fixture.supervisord.processes:
        fixture.supervisord.start()
    wait_until(lambda: is_ready(fixture) and fixture.supervisord.runs())


def kill_services(fixture: ServerFixture, *names: str) -> None:
    """End services at once, all of them when none is named, as when the server fails."""
    for name in names or tuple(fixture.services):
        process = fixture.services.pop(name)
        os.killpg(process.pid, signal.SIGKILL)  # php-fpm's children too
        process.wait(20)
    if not names:
        fixture.supervisord.kill()


def answers(path: Path) -> bool:
    """Whether something listens at a Unix socket."""
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0


def text_of(path: Path) -> str | None:
    """A file's text; None while there is none, as when a new service replaces it."""
    try:
        return path.read_text()
    except FileNotFoundError:
        return None


def is_ready(fixture: ServerFixture) -> bool:
    server = fixture.settings
    paths = [server.preview_socket, server.admin_socket]
    if server.database:
        paths.append(server.database.socket)
    php = php_fpm.php_components(fixture.components.values())
    paths += [server.php_pid(component) for component in php]
    if not all(path.exists() for path in paths):
        return False
    # A killed service leaves its files: those of the new one must have replaced them.
    for component in php:
        process = fixture.services[php_fpm.program(component)]
        if text_of(server.php_pid(component)) != str(process.pid):
            return False
    if server.database and not answers(server.database.socket):
        return False
    try:
        publish_authority(server)
        return all(fixture.page(component).status for component in fixture.components)
    except ConnectionRefusedError:
        return False
    except Exception as error:
        if "tls" in str(error).lower() or "certificate" in str(error).lower():
            return False
        raise
