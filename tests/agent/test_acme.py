"""Certificates from an ACME authority, Pebble: issued, renewed in time, and kept without it."""

import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from agent import edge, services
from model.environment import Acme
from tests.agent import applications, pebble
from tests.agent.pebble import Pebble
from tests.agent.server_fixture import ServerFixture
from tests.agent.server_setup import create_server
from tests.agent.waiting import wait_until

YEAR = 365 * 24 * 3600
SHORT = 15
"""Seconds; Caddy renews when a third is left."""


@contextmanager
def authority_and_server(folder: Path, validity: int) -> Iterator[tuple[Pebble, ServerFixture]]:
    """A server without a database and processes, whose edge is not started."""
    server = create_server(folder, (applications.SPECS,))
    ports = server.settings.http_port, server.settings.https_port
    with pebble.running(folder, *ports, validity) as authority:
        acme = Acme(
            directory=authority.directory, email="ops@example.org", root=str(authority.root)
        )
        environment = server.environment.model_copy(update={"tls": "acme", "acme": acme})
        server = replace(server, environment=environment)
        services.write(server.settings, environment, (applications.SPECS,))
        yield authority, server


@contextmanager
def running_edge(server: ServerFixture) -> Iterator[None]:
    command = [str(word) for word in edge.command(server.settings)]
    with pebble.program(command, server.settings.log / "edge.out", {}):
        wait_until(server.settings.admin_socket.exists)
        yield
    server.settings.admin_socket.unlink(missing_ok=True)


def served(server: ServerFixture, authority: str) -> x509.Certificate:
    """The certificate of a request that is answered; raises OSError if it cannot be trusted."""
    host = server.environment.host(applications.SPECS)
    context = ssl.create_default_context(cadata=authority)
    address = "127.0.0.1", server.settings.https_port
    with (
        socket.create_connection(address, 5) as plain,
        context.wrap_socket(plain, server_hostname=host) as connection,
    ):
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        assert connection.recv(12).startswith(b"HTTP/1.1 ")
        binary = connection.getpeercert(binary_form=True)
    assert binary
    return x509.load_der_x509_certificate(binary)


def is_served(server: ServerFixture, authority: str) -> bool:
    try:
        return bool(served(server, authority))
    except OSError:
        return False


@dataclass
class Visitor:
    """Requests a page over a new connection, again and again."""

    server: ServerFixture
    authority: str

    def __post_init__(self) -> None:
        self.certificates: list[x509.Certificate] = []
        self.failures: list[str] = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.visit)

    def visit(self) -> None:
        while not self.ended.wait(0.02):
            try:
                self.certificates.append(served(self.server, self.authority))
            except (OSError, AssertionError) as error:
                self.failures.append(f"{datetime.now(UTC)}: {error!r}")

    def serials(self) -> list[int]:
        """Of the certificates that were served, each once, in their order."""
        return list(dict.fromkeys(each.serial_number for each in self.certificates))

    def __enter__(self) -> "Visitor":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()


def test_a_certificate_of_the_authority_is_served_and_kept_when_it_is_gone(tmp_path: Path) -> None:
    with authority_and_server(tmp_path, YEAR) as (acme, server):
        root = acme.authority()
        with running_edge(server):
            wait_until(lambda: is_served(server, root))
            first = served(server, root)
            assert re.search("CN=Pebble Intermediate CA", first.issuer.rfc4514_string())
            acme.process.kill()
            acme.process.wait()
            assert served(server, root) == first
        with running_edge(server):
            wait_until(lambda: is_served(server, root))
            assert served(server, root) == first


def test_a_certificate_is_renewed_before_it_ends_and_no_visitor_notices(tmp_path: Path) -> None:
    with authority_and_server(tmp_path, SHORT) as (acme, server):
        file = server.settings.state / "Caddyfile"
        # Caddy looks at its certificates every ten minutes, since those of the web are for weeks.
        file.write_text(file.read_text().replace("{\n", "{\n\trenew_interval 1s\n", 1))
        root = acme.authority()
        with running_edge(server):
            wait_until(lambda: is_served(server, root))
            with Visitor(server, root) as visitor:
                wait_until(lambda: len(visitor.serials()) >= 3, 3 * SHORT)
        assert not visitor.failures
        print(f"{len(visitor.certificates)} requests, {len(visitor.serials())} certificates")
