"""The client of an OpenStack project off the reactor's thread: openstacksdk waits for answers."""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from cloud.client import CloudClient, Machine, ServerRequest
from cloud.errors import ConfigurationError

T = TypeVar("T")

THREADS = 10
"""How many calls of one project are under way at most; the others wait for their turn."""


class AsyncCloud:
    """The calls that workers need; each raises CloudError and no other exception."""

    def __init__(self, name: str, clouds: Path | None, reactor: Any) -> None:
        self.name = name
        self.reactor = reactor
        self.client = CloudClient(name, clouds)
        self.pool = ThreadPool(0, THREADS, f"openstack-{name}")
        self.calls: Counter[str] = Counter()
        """How often each was made since the master started."""

    def start(self) -> None:
        self.pool.start()

    def stop(self) -> None:
        self.pool.stop()

    async def _call(self, method: Callable[..., T], *arguments: Any) -> T:
        """The method's result; the reactor goes on meanwhile."""
        self.calls[method.__name__] += 1
        result: T = await deferToThreadPool(self.reactor, self.pool, method, *arguments)
        return result

    async def create_server(self, request: ServerRequest) -> str:
        return await self._call(self.client.create_server, request)

    async def get_server(self, identity: str) -> Machine | None:
        return await self._call(self.client.get_server, identity)

    async def get_console(self, identity: str) -> str:
        return await self._call(self.client.get_console, identity)

    async def list_by_metadata(self, key: str, value: str) -> list[Machine]:
        return await self._call(self.client.list_by_metadata, key, value)

    async def delete_server(self, identity: str) -> None:
        await self._call(self.client.delete_server, identity)

    async def delete_leftover_ports(self, identity: str) -> int:
        return await self._call(self.client.delete_leftover_ports, identity)

    async def missing(
        self, request: ServerRequest, zones: Iterable[str]
    ) -> list[ConfigurationError]:
        return await self._call(self.client.missing, request, zones)
