"""Request the pages of a release: of `next` through the preview socket, of `current` over HTTPS."""

import socket
import ssl
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from agent.errors import AgentError
from agent.server import Server

TIMEOUT = 30.0
"""Seconds; the first page of a new MediaWiki takes two on a good machine."""

MAX_BODY = 4 << 20
"""Bytes that are read of a page."""


@dataclass(frozen=True)
class PageResponse:
    """The response to a request for a page; the names of headers are lower case."""

    status: int
    headers: Mapping[str, str]
    body: str

    def __str__(self) -> str:
        line = next((line.strip() for line in self.body.splitlines() if line.strip()), "")
        return f"{self.status} '{line[:100]}'" if line else str(self.status)


FetchPage = Callable[[str], PageResponse]
"""From a path to the response; raises AgentError without one."""


def connect_unix(path: Path, seconds: float) -> socket.socket:
    """A connection to a Unix socket; waits while the listener's queue is full.

    SO_SNDTIMEO, because with settimeout() connect(2) returns EAGAIN at once: unix(7).
    """
    connection = socket.socket(socket.AF_UNIX)
    timeout = struct.pack("ll", int(seconds), int(seconds % 1 * 1e6))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeout)
    try:
        connection.connect(str(path))
    except OSError:
        connection.close()
        raise
    connection.settimeout(seconds)
    return connection


class UnixHTTPConnection(HTTPConnection):
    """Plain HTTP to a Unix socket."""

    def __init__(self, path: Path, host: str, timeout: float = TIMEOUT) -> None:
        super().__init__(host, timeout=timeout)
        self.path = path

    def connect(self) -> None:
        self.sock = connect_unix(self.path, self.timeout or TIMEOUT)


class EdgeConnection(HTTPSConnection):
    """HTTPS to the edge of this server, whichever address the DNS has for the host."""

    def __init__(self, server: Server, host: str, context: ssl.SSLContext) -> None:
        super().__init__(host, server.https_port, timeout=TIMEOUT, context=context)
        self.server = server
        self.tls = context

    def connect(self) -> None:
        plain = socket.create_connection((self.server.address, self.server.https_port), TIMEOUT)
        # As http.client does: otherwise each request waits 40 ms for an acknowledgement.
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = self.tls.wrap_socket(plain, server_hostname=self.host)


def preview_fetcher(server: Server, url: str) -> FetchPage:
    """Requests pages of the release that `next` points at."""
    address = urlsplit(url)
    host = address.hostname or ""
    return lambda path: get_page(
        UnixHTTPConnection(server.preview_socket, host), address.netloc, path
    )


def public_fetcher(server: Server, url: str) -> FetchPage:
    """Requests pages as visitors do, over TLS that is verified."""
    address = urlsplit(url)
    host = address.hostname or ""
    context = tls_context(server)

    def fetch_page(path: str) -> PageResponse:
        return retry_while_refused(
            lambda: get_page(EdgeConnection(server, host, context), address.netloc, path)
        )

    return fetch_page


def tls_context(server: Server) -> ssl.SSLContext:
    """Trusts the authority that the server's file names, or else the system's authorities."""
    return ssl.create_default_context(cafile=server.authority)


def get_page(
    connection: HTTPConnection,
    host: str,
    path: str,
    extra_headers: Mapping[str, str] | None = None,
) -> PageResponse:
    """Raises ConnectionRefusedError without a listener, AgentError without a whole response."""
    request_headers = {"Host": host, "User-Agent": "slipway", **(extra_headers or {})}
    try:
        connection.request("GET", path, headers=request_headers)
        response = connection.getresponse()
        body = response.read(MAX_BODY).decode("utf-8", errors="replace")
        headers = {name.lower(): value for name, value in response.getheaders()}
        return PageResponse(response.status, headers, body)
    except ConnectionRefusedError:
        raise
    except (OSError, HTTPException) as error:
        raise AgentError(f"GET {path} -> no answer: {error}") from None
    finally:
        connection.close()


def retry_while_refused(get: Callable[[], PageResponse], seconds: float = 5.0) -> PageResponse:
    """Repeat only while the connection is refused, since the edge may be starting."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return get()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise AgentError(f"the edge does not listen: refused for {seconds:.0f} s") from None
            time.sleep(0.05)
