"""How a release is asked for its pages: before the switch by a socket, after it as visitors do."""

import socket
import ssl
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from agent.failure import Failure
from agent.server import Server

TIMEOUT = 30.0
"""Seconds; the first page of a new MediaWiki takes two on a good machine."""

LARGEST = 4 << 20


@dataclass(frozen=True)
class Answer:
    """What came back for a page."""

    status: int
    headers: Mapping[str, str]
    body: str

    def __str__(self) -> str:
        line = next((line.strip() for line in self.body.splitlines() if line.strip()), "")
        return f"{self.status} '{line[:100]}'" if line else str(self.status)


Ask = Callable[[str], Answer]
"""From a path to what answers there."""


def dialled(path: Path, seconds: float) -> socket.socket:
    """A connection to a Unix socket, waited for while its queue is full.

    With settimeout() alone connect(2) says EAGAIN at once: unix(7).
    """
    end = socket.socket(socket.AF_UNIX)
    patience = struct.pack("ll", int(seconds), int(seconds % 1 * 1e6))
    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, patience)
    try:
        end.connect(str(path))
    except OSError:
        end.close()
        raise
    end.settimeout(seconds)
    return end


class BySocket(HTTPConnection):
    """Plain HTTP to a Unix socket."""

    def __init__(self, path: Path, host: str, timeout: float = TIMEOUT) -> None:
        super().__init__(host, timeout=timeout)
        self.path = path

    def connect(self) -> None:
        self.sock = dialled(self.path, self.timeout or TIMEOUT)


class Public(HTTPSConnection):
    """HTTPS to the edge of this server, whatever address the name has elsewhere."""

    def __init__(self, server: Server, host: str, context: ssl.SSLContext) -> None:
        super().__init__(host, server.https_port, timeout=TIMEOUT, context=context)
        self.server = server
        self.tls = context

    def connect(self) -> None:
        plain = socket.create_connection((self.server.address, self.server.https_port), TIMEOUT)
        # As http.client does itself: otherwise each request waits 40 ms for an acknowledgement.
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = self.tls.wrap_socket(plain, server_hostname=self.host)


def preview(server: Server, url: str) -> Ask:
    """Ask for pages of the release that `next` points at."""
    address = urlsplit(url)
    host = address.hostname or ""
    return lambda path: asked(BySocket(server.preview_socket, host), address.netloc, path)


def public(server: Server, url: str) -> Ask:
    """Ask for pages as visitors do, believing only the authority that the server names."""
    address = urlsplit(url)
    host = address.hostname or ""
    context = trusting(server)

    def ask(path: str) -> Answer:
        return patiently(lambda: asked(Public(server, host, context), address.netloc, path))

    return ask


def trusting(server: Server) -> ssl.SSLContext:
    """Belief in the authority that the server names, and in no other."""
    return ssl.create_default_context(cafile=server.authority)


def asked(
    connection: HTTPConnection, host: str, path: str, more: Mapping[str, str] | None = None
) -> Answer:
    headers = {"Host": host, "User-Agent": "slipway", **(more or {})}
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        body = response.read(LARGEST).decode("utf-8", errors="replace")
        came = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, came, body)
    except ConnectionRefusedError:
        raise
    except (OSError, HTTPException) as mistake:
        raise Failure(f"GET {path} -> no answer: {mistake}") from None
    finally:
        connection.close()


def patiently(ask: Callable[[], Answer], seconds: float = 5.0) -> Answer:
    """Ask again while nobody listens, since a service may be starting; nothing else is retried."""
    until = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise Failure(f"the edge does not listen: refused for {seconds:.0f} s") from None
            time.sleep(0.05)
