"""Git servers that do not answer, each in a way of its own."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Thread


@contextmanager
def hung_server() -> Iterator[str]:
    """Its address; a TLS handshake with it never ends."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        yield f"https://127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def unconnectable_server() -> Iterator[str]:
    """The address of a server to which no connection is ever made: its queue is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as waiting:
        address = server.getsockname()
        while True:
            client = waiting.enter_context(socket.socket())
            client.settimeout(0.5)
            try:
                client.connect(address)
            except TimeoutError:
                break
        yield f"http://127.0.0.1:{address[1]}"


@contextmanager
def falling_silent(answer: bytes) -> Iterator[str]:
    """The address of an HTTP server that answers these bytes, and keeps the connection open."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        connections = []

        def serve() -> None:
            with suppress(OSError):  # the socket is closed in the end
                while True:
                    connection, _ = server.accept()
                    connections.append(connection)
                    connection.recv(65536)
                    connection.sendall(answer)

        thread = Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in connections:
                connection.close()


def references(repository: Path) -> bytes:
    """A whole answer of a git server to `ls-remote`.

    https://git-scm.com/docs/http-protocol#_smart_clients
    """
    command = ("git", "upload-pack", "--http-backend-info-refs", str(repository))
    body = b"001e# service=git-upload-pack\n0000" + subprocess.check_output(command)
    kind = "application/x-git-upload-pack-advertisement"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def processes_with(text: str) -> list[str]:
    """The command lines of running processes that contain a text."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it has ended
    return [line for line in lines if text in line]
