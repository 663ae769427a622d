"""Carries connections between machines and the host, each way only where that was asked for.

In every network, at the gateway and at 169.254.169.254:
 - port 3128 is an HTTP proxy to what this host reaches, but not to the host itself;
 - the ports in `relays.json` lead to services of the host's loopback.
On the host, a floating IP's ports lead to the machine which has it.

A socket stays in the namespace in which it was made, so that one process serves them all.
"""

import asyncio
import ctypes
import ipaddress
import json
import os
import socket
from argparse import ArgumentParser
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from tests.cloud.host import PROXY_PORT
from tests.cloud.layout import Layout, arguments, layout

FLOATING_PORTS = (22, 80, 443)
"""Those of a floating IP that can be reached from the host."""
LOOK = 0.1
"""Seconds between two looks at what is asked for."""
NETWORK = 0x40000000  # CLONE_NEWNET, https://man7.org/linux/man-pages/man2/setns.2.html
HEAD = 65536

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter
Serve = Callable[[Reader, Writer], Awaitable[None]]
Listener = tuple[str, str, int]
"""A namespace (the host's own is empty), an address in it, and a port."""

libc = ctypes.CDLL(None, use_errno=True)
HOST = os.open("/proc/self/ns/net", os.O_RDONLY)


def socket_in(namespace: str) -> socket.socket:
    """A TCP socket of that namespace."""
    if not namespace:
        return socket.socket()
    inside = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        if libc.setns(inside, NETWORK):
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")
        return socket.socket()
    finally:
        libc.setns(HOST, NETWORK)
        os.close(inside)


async def connect(namespace: str, address: str, port: int) -> tuple[Reader, Writer]:
    end = socket_in(namespace)
    end.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(end, (address, port))
    except OSError:
        end.close()
        raise
    return await asyncio.open_connection(sock=end)


async def pump(reader: Reader, writer: Writer) -> None:
    """Carry one direction to its end, and pass the end on."""
    with suppress(OSError):
        while some := await reader.read(HEAD):
            writer.write(some)
            await writer.drain()
        writer.write_eof()


async def join(one: tuple[Reader, Writer], other: tuple[Reader, Writer]) -> None:
    """Carry both directions until both have ended."""
    try:
        await asyncio.gather(pump(one[0], other[1]), pump(other[0], one[1]))
    finally:
        one[1].close()
        other[1].close()


def forward(namespace: str, address: str, port: int) -> Serve:
    """Every connection goes on to that address."""

    async def serve(reader: Reader, writer: Writer) -> None:
        try:
            there = await connect(namespace, address, port)
        except OSError:
            writer.transport.abort()
            return
        await join((reader, writer), there)

    return serve


async def proxy(reader: Reader, writer: Writer) -> None:
    """One request of an HTTP proxy's client: CONNECT, or a URL that is fetched."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, target, _ = head.split("\r\n", 1)[0].split(" ")
        place = urlsplit(f"//{target}" if method == "CONNECT" else target)
        there = await outside(place.hostname or "", place.port or 80)
    except (OSError, ValueError, asyncio.IncompleteReadError) as error:
        writer.write(f"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n{error}\n".encode())
        writer.close()
        return
    if method == "CONNECT":
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    else:
        _, rest = head.split("\r\n", 1)
        lines = [line for line in rest.split("\r\n") if not line.lower().startswith(HOP)]
        path = f"{place.path or '/'}?{place.query}" if place.query else place.path or "/"
        request = (f"{method} {path} HTTP/1.1", "Connection: close", *lines)
        there[1].write("\r\n".join(request).encode("latin-1"))
    await join((reader, writer), there)


HOP = ("connection:", "proxy-connection:", "keep-alive:")
"""Headers that are for us: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1."""


async def outside(host: str, port: int) -> tuple[Reader, Writer]:
    """Connect to another machine; raises PermissionError for this one."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, family=socket.AF_INET, type=socket.SOCK_STREAM)
    address = found[0][4][0]
    if local(address):
        raise PermissionError(f"{host} is the host that this cloud runs on")
    return await connect("", str(address), port)


def local(address: str | int) -> bool:
    """Whether this host itself answers at the address."""
    parsed = ipaddress.ip_address(address)
    if parsed.is_loopback or parsed.is_link_local or parsed.is_unspecified:
        return True
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        try:
            end.bind((str(parsed), 0))  # possible for addresses of our own only
        except OSError:
            return False
    return True


def wanted(layout: Layout) -> dict[Listener, tuple[str, str, int] | None]:
    """Who listens where, and where it leads; without a place it is the proxy."""
    found: dict[Listener, tuple[str, str, int] | None] = {}
    relays = json.loads(layout.relays.read_text())
    for path in layout.networks.glob("*.json"):
        namespace = json.loads(path.read_text())["namespace"]
        found[namespace, "0.0.0.0", PROXY_PORT] = None  # noqa: S104  # all of a network of our own
        for relay in relays:
            listener = (namespace, "0.0.0.0", relay["port"])  # noqa: S104  # the same
            found[listener] = ("", "127.0.0.1", relay.get("to", relay["port"]))
    for path in layout.floating.glob("*.json"):
        floating = json.loads(path.read_text())
        for port in FLOATING_PORTS:
            listener = ("", floating["address"], port)
            found[listener] = (floating["namespace"], floating["machine"], port)
    return found


class Relay:
    """Keeps listening exactly where that is asked for."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.servers: dict[Listener, tuple[object, asyncio.Server]] = {}

    async def look(self) -> None:
        """Bring what listens up to date; a file that is just being written is left for later."""
        try:
            asked = wanted(self.layout)
        except (OSError, ValueError, KeyError):
            return
        for listener, (place, server) in list(self.servers.items()):
            if listener not in asked or asked[listener] != place:
                server.close()
                del self.servers[listener]
        for listener, target in asked.items():
            if listener not in self.servers:
                with suppress(OSError):  # a namespace that comes or goes: the next look tells
                    self.servers[listener] = (target, await self.serve(listener, target))

    async def serve(
        self, listener: Listener, target: tuple[str, str, int] | None
    ) -> asyncio.Server:
        namespace, address, port = listener
        end = socket_in(namespace)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        end.bind((address, port))
        return await asyncio.start_server(forward(*target) if target else proxy, sock=end)

    async def run(self, ready: Path) -> None:
        while True:
            await self.look()
            ready.touch()
            await asyncio.sleep(LOOK)


def main() -> None:
    meant = layout(arguments(ArgumentParser(description=__doc__)).parse_args())
    asyncio.run(Relay(meant).run(meant.state / "relay.ready"))


if __name__ == "__main__":
    main()
