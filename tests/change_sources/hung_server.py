"""A git server that accepts connections and never answers."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def hung_server() -> Iterator[str]:
    """Its address; a TLS handshake with it never ends."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        yield f"https://127.0.0.1:{server.getsockname()[1]}"


def processes_with(text: str) -> list[str]:
    """The command lines of running processes that contain a text."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it has ended
    return [line for line in lines if text in line]
