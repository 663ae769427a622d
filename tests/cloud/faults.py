"""The public endpoints of the cloud: a proxy before the real ones that fails when it is told to.

It passes every request on as it came and counts it. `http://127.0.0.1:<faults>/` is for tests:

    GET  /calls/PROJECT     its requests so far, oldest first: service, method, path, status
    POST /faults            one more fault, see `Fault`; of several that match, the oldest counts
    DELETE /faults/PROJECT  forget its faults
    DELETE /calls/PROJECT   forget its calls

Without `/PROJECT`, those of all. A request is of the project that its token was given for.
"""

import asyncio
import json
import re
import socket
import struct
from argparse import ArgumentParser
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any, TypeAlias

from tests.cloud.layout import SERVICES, Layout, arguments, layout

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter
TOKENS = "/v3/auth/tokens"
LIMIT = 2**20
"""Bytes of a request's head and of a body that is looked at."""


@dataclass
class Fault:
    """What goes wrong, with which requests, how often."""

    kind: str
    """`status`; `reset`: it is done, and the connection broken before the answer; `stall`: it is
    answered after some seconds; `metadata`: a machine is made with these metadata in addition."""
    service: str = "nova"
    method: str = "GET|POST|PUT|PATCH|DELETE"
    path: str = "/.*"
    """A regular expression for the whole path, as is the method."""
    count: int = 1
    """How many requests it meets; the rest go through."""
    status: int = 500
    retry_after: int | None = None
    seconds: float = 30
    metadata: dict[str, str] | None = None
    project: str | None = None
    """Whose requests it meets; everybody's when absent."""

    def meets(self, call: "Call") -> bool:
        return (
            self.count > 0
            and call.service == self.service
            and self.project in (None, call.project)
            and re.fullmatch(self.method, call.method) is not None
            and re.fullmatch(self.path, call.path.partition("?")[0]) is not None
        )


@dataclass
class Call:
    """One request that somebody made of the cloud."""

    service: str
    method: str
    path: str
    status: int | None = None
    project: str | None = None
    """Unknown before there is a token."""


class Proxy:
    """What was asked of the cloud, and what is to go wrong."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.faults: list[Fault] = []
        self.calls: list[Call] = []
        self.projects: dict[bytes, str] = {}
        """By token."""

    def next_fault(self, call: Call) -> Fault | None:
        met = (fault for fault in self.faults if fault.meets(call))
        if fault := next(met, None):
            fault.count -= 1
        return fault

    def serve(self, service: str) -> Callable[[Reader, Writer], Awaitable[None]]:
        port = self.layout.port(f"{service}-internal")

        async def serve(reader: Reader, writer: Writer) -> None:
            with suppress(OSError, asyncio.IncompleteReadError):
                head = await reader.readuntil(b"\r\n\r\n")
                method, path, _ = head.decode("latin-1").split(" ", 2)
                project = self.projects.get(header(head, b"X-Auth-Token"))
                call = Call(service, method, path, project=project)
                self.calls.append(call)
                await self.answer(call, head, (reader, writer), port)
            writer.close()

        return serve

    async def answer(
        self, call: Call, head: bytes, client: tuple[Reader, Writer], port: int
    ) -> None:
        """Pass the request on, or do what the fault says."""
        reader, writer = client
        fault = self.next_fault(call)
        if fault and fault.kind == "status":
            await drained(reader, head)
            call.status = fault.status
            writer.write(failure(fault))
            await writer.drain()
            return
        if fault and fault.kind == "stall":
            await asyncio.sleep(fault.seconds)
        if fault and fault.kind == "metadata":
            head = with_metadata(*split(head, await body(reader, head)), fault.metadata or {})
        there, onwards = await asyncio.open_connection("127.0.0.1", port)
        onwards.write(head)
        sending = asyncio.create_task(copy(reader, onwards))
        try:
            start = await there.readuntil(b"\r\n\r\n")
            call.status = int(start.split(b" ", 2)[1])
            if fault and fault.kind == "reset":
                await there.read()
                reset(writer)
                return
            if (call.path, call.status) == (TOKENS, HTTPStatus.CREATED):
                said = await body(there, start)
                call.project = self.noted(start, said)
                start += said
            writer.write(start)
            await copy(there, writer)
        finally:
            sending.cancel()
            onwards.close()

    def noted(self, head: bytes, said: bytes) -> str | None:
        """Remember whose token Keystone has given; the project."""
        project: str | None = json.loads(said)["token"].get("project", {}).get("name")
        if project:
            self.projects[header(head, b"X-Subject-Token")] = project
        return project

    async def control(self, reader: Reader, writer: Writer) -> None:
        """What tests say and ask."""
        head = await reader.readuntil(b"\r\n\r\n")
        method, path, _ = head.decode("latin-1").split(" ", 2)
        said = await body(reader, head)
        answer: Any = None
        _, what, *rest = path.split("/")
        project = rest[0] if rest else None
        if (method, what) == ("GET", "calls"):
            answer = [asdict(call) for call in self.calls if project in (None, call.project)]
        elif (method, what) == ("POST", "faults"):
            self.faults.append(Fault(**json.loads(said)))
        elif method == "DELETE":
            kept: list[Any] = self.faults if what == "faults" else self.calls
            kept[:] = [one for one in kept if project not in (None, one.project)]
        writer.write(response(200, json.dumps(answer).encode()))
        await writer.drain()
        writer.close()

    async def run(self) -> None:
        for service in SERVICES:
            port = self.layout.port(service)
            await asyncio.start_server(self.serve(service), "127.0.0.1", port, limit=LIMIT)
        control = self.layout.port("faults")
        server = await asyncio.start_server(self.control, "127.0.0.1", control, limit=LIMIT)
        await server.serve_forever()


async def copy(reader: Reader, writer: Writer) -> None:
    with suppress(OSError):
        while some := await reader.read(65536):
            writer.write(some)
            await writer.drain()


def reset(writer: Writer) -> None:
    """Break the connection at once: https://man7.org/linux/man-pages/man7/socket.7.html."""
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


def length(head: bytes) -> int:
    return int(header(head, b"Content-Length") or 0)


def header(head: bytes, name: bytes) -> bytes:
    """A header of a request or an answer; empty when it is not there."""
    found = re.search(rb"\r\n" + name + rb": *([^\r]*)\r\n", head, re.IGNORECASE)
    return found[1] if found else b""


async def body(reader: Reader, head: bytes) -> bytes:
    return await reader.readexactly(length(head))


async def drained(reader: Reader, head: bytes) -> None:
    """A client that still writes would see a broken connection instead of the answer."""
    await body(reader, head)


def split(head: bytes, said: bytes) -> tuple[bytes, Any]:
    return head, json.loads(said)


def with_metadata(head: bytes, said: Any, metadata: dict[str, str]) -> bytes:
    """The request to make a machine, whole, with metadata in addition."""
    said["server"]["metadata"] = said["server"].get("metadata", {}) | metadata
    changed = json.dumps(said).encode()
    size = f"\r\nContent-Length: {len(changed)}\r\n".encode()
    return re.sub(rb"\r\ncontent-length: *\d+\r\n", size, head, flags=re.IGNORECASE) + changed


def failure(fault: Fault) -> bytes:
    """An error as OpenStack's services word it."""
    words = HTTPStatus(fault.status).phrase
    error = {"code": fault.status, "title": words, "message": f"{words} (asked for by a test)"}
    headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
    if fault.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Keystone uri='asked for by a test'"
    return response(fault.status, json.dumps({"error": error}).encode(), headers)


def response(status: int, content: bytes, headers: dict[str, str] | None = None) -> bytes:
    given = {
        "Content-Type": "application/json",
        "Content-Length": str(len(content)),
        "Connection": "close",
        **(headers or {}),
    }
    lines = (f"{name}: {value}\r\n" for name, value in given.items())
    return (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{''.join(lines)}\r\n".encode() + content
    )


def main() -> None:
    meant = layout(arguments(ArgumentParser(description=__doc__)).parse_args())
    asyncio.run(Proxy(meant).run())


if __name__ == "__main__":
    main()
