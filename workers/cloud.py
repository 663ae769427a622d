"""One OpenStack project, asked off the reactor's thread: openstacksdk waits for its answers."""

import base64
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from keystoneauth1.exceptions import ClientException
from openstack.config import OpenStackConfig
from openstack.connection import Connection
from openstack.exceptions import (
    BadRequestException,
    ConfigException,
    DuplicateResource,
    NotFoundException,
    SDKException,
)
from requests.exceptions import RequestException
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from cloud.errors import Mistake, meaning
from model.openstack import Lane, OpenStack, newest

T = TypeVar("T")
API_SECONDS = 20
"""How long one answer may take."""
THREADS = 10
FRESH = 60.0
"""Seconds for which the newest image stays the newest."""
FAULTS = (SDKException, ClientException, RequestException, OSError)
"""What openstacksdk raises when something is wrong outside of it."""
CONSOLE_LINES = 60


@dataclass(frozen=True)
class Order:
    """A machine that is wanted."""

    name: str
    place: OpenStack
    lane: Lane
    marks: dict[str, str]
    """Its metadata: whose it is, and for which boot."""
    user_data: str
    zone: str | None = None


@dataclass(frozen=True)
class Machine:
    """A machine as Nova tells of it."""

    id: str
    name: str
    status: str
    """Nova's own word: BUILD, ACTIVE, ERROR, ..."""
    fault: str
    """Nova's reason for ERROR."""
    marks: dict[str, str]


class Cloud:
    """The calls that workers need; each raises Trouble and nothing else when OpenStack is wrong."""

    def __init__(self, name: str, clouds: Path | None, reactor: Any) -> None:
        self.name = name
        self.clouds = clouds
        self.reactor = reactor
        self.pool = ThreadPool(0, THREADS, f"openstack-{name}")
        self.local = threading.local()
        self.lock = threading.Lock()
        self.region: Any = None
        self.known: dict[tuple[str, str], tuple[float, str]] = {}
        self.calls: Counter[str] = Counter()

    def read_from(self, clouds: Path | None) -> None:
        """Have the credentials in this file from now on; it is read when they are next needed."""
        if clouds != self.clouds:
            self.clouds = clouds
            self.region = None

    def start(self) -> None:
        self.pool.start()

    def stop(self) -> None:
        self.pool.stop()

    async def ask(self, what: Callable[..., T], *arguments: Any) -> T:
        """The answer, once it is here; the reactor goes on meanwhile."""
        self.calls[what.__name__] += 1
        answer: T = await deferToThreadPool(self.reactor, self.pool, self.asked, what, *arguments)
        return answer

    def asked(self, what: Callable[..., T], *arguments: Any) -> T:
        try:
            return what(self.connection(), *arguments)
        except ConfigException as error:
            raise Mistake("cloud", f"no '{self.name}' in clouds.yaml: {error}") from None
        except FAULTS as error:
            trouble = meaning(error)
            if isinstance(trouble, Mistake) and trouble.key == "cloud":
                self.region = None  # clouds.yaml is read again: its credentials may be new by then
            raise trouble from error

    def connection(self) -> Connection:
        """One for each thread; all share one session, hence one token."""
        with self.lock:
            if self.region is None:
                files = [str(self.clouds)] if self.clouds else None
                config = OpenStackConfig(config_files=files)
                self.region = config.get_one(cloud=self.name, api_timeout=API_SECONDS)
            region = self.region
        if getattr(self.local, "region", None) is not region:
            self.local.region = region
            self.local.connection = Connection(config=region)
        found: Connection = self.local.connection
        return found

    async def create(self, order: Order) -> str:
        """Ask for a machine; its id."""
        return await self.ask(self.created, order)

    async def look(self, identity: str) -> Machine | None:
        """The machine as it is now; none when it has gone."""
        return await self.ask(looked, identity)

    async def delete(self, identity: str) -> None:
        """Ask for a machine's end; it has gone when `look` finds none."""
        await self.ask(deleted, identity)

    async def console(self, identity: str) -> str:
        """The last lines of its console."""
        return await self.ask(printed, identity)

    async def marked(self, mark: str, value: str) -> list[Machine]:
        """All machines of the project that carry this metadata."""
        return await self.ask(carrying, mark, value)

    async def leave_nothing(self, identity: str) -> int:
        """Delete the ports and addresses that a machine which has gone left; how many."""
        return await self.ask(left, identity)

    async def lacks(self, place: OpenStack, lane: Lane) -> list[Mistake]:
        """What the environment's file names and the project has not."""
        return await self.ask(self.lacking, place, lane)

    # What runs in the threads.

    def created(self, connection: Connection, order: Order) -> str:
        place, lane = order.place, order.lane
        image = self.image(connection, lane.image)
        wanted: dict[str, Any] = {
            "name": order.name,
            "flavor_id": self.named(connection, "flavor", lane.flavor),
            "networks": [{"uuid": self.named(connection, "network", place.network)}],
            "metadata": order.marks,
            "user_data": base64.b64encode(order.user_data.encode()).decode(),
        }
        if place.volume_gb:
            wanted["block_device_mapping"] = [root_volume(image, place.volume_gb)]
        else:
            wanted["image_id"] = image
        if place.security_groups:
            wanted["security_groups"] = [{"name": name} for name in place.security_groups]
        if place.key:
            wanted["key_name"] = place.key
        if order.zone:
            wanted["availability_zone"] = order.zone
        try:
            return str(connection.compute.create_server(**wanted).id)
        except (BadRequestException, NotFoundException):
            self.known.clear()  # an id may be one of something that has gone
            raise

    def named(self, connection: Connection, kind: str, name: str) -> str:
        """The id of a flavor or network; they seldom change, so each is asked for once."""
        if found := self.known.get((kind, name)):
            return found[1]
        finders: dict[str, Any] = {
            "flavor": connection.compute.find_flavor,
            "network": connection.network.find_network,
        }
        try:
            thing = finders[kind](name, ignore_missing=False)
        except NotFoundException as error:
            raise Mistake(kind, f"no '{name}'") from error
        except DuplicateResource as error:
            raise Mistake(kind, f"more than one is called '{name}'") from error
        self.known[kind, name] = (time.monotonic(), thing.id)
        return str(thing.id)

    def image(self, connection: Connection, pattern: str) -> str:
        """The id of the newest image whose name matches."""
        at, identity = self.known.get(("image", pattern), (-FRESH, ""))
        if time.monotonic() - at < FRESH:
            return identity
        found = newest(connection.image.images(status="active"), pattern)
        if found is None:
            raise Mistake("image", f"no '{pattern}'")
        self.known["image", pattern] = (time.monotonic(), found)
        return found

    def lacking(self, connection: Connection, place: OpenStack, lane: Lane) -> list[Mistake]:
        network, compute = connection.network, connection.compute
        project = connection.current_project_id
        named: list[tuple[str, tuple[str, ...], Callable[[], Iterable[Any]]]] = [
            (
                "security_groups",
                place.security_groups,
                partial(network.security_groups, project_id=project),
            ),
            ("key", (place.key,) if place.key else (), compute.keypairs),
            ("zones", place.zones, compute.availability_zones),
        ]
        lacks = [
            *mistaken(lambda: self.image(connection, lane.image)),
            *mistaken(lambda: self.named(connection, "flavor", lane.flavor)),
            *mistaken(lambda: self.named(connection, "network", place.network)),
        ]
        for key, names, listed in named:
            there = sorted({str(thing.name) for thing in listed()}) if names else []
            lacks += [
                Mistake(key, f"no '{name}'; expected one of {', '.join(there) or 'none'}")
                for name in names
                if name not in there
            ]
        return lacks


def mistaken(look: Callable[[], str]) -> list[Mistake]:
    try:
        look()
    except Mistake as mistake:
        return [mistake]
    return []


def root_volume(image: str, size: int) -> dict[str, Any]:
    """A volume that is made for its machine and ends with it."""
    return {
        "boot_index": 0,
        "uuid": image,
        "source_type": "image",
        "destination_type": "volume",
        "volume_size": size,
        "delete_on_termination": True,
    }


def looked(connection: Connection, identity: str) -> Machine | None:
    try:
        return machine(connection.compute.get_server(identity))
    except NotFoundException:
        return None


def deleted(connection: Connection, identity: str) -> None:
    connection.compute.delete_server(identity, ignore_missing=True)


def printed(connection: Connection, identity: str) -> str:
    answer: Any = connection.compute.get_server_console_output(identity, length=CONSOLE_LINES)
    return str(answer.get("output", "")) if isinstance(answer, dict) else str(answer or "")


def carrying(connection: Connection, mark: str, value: str) -> list[Machine]:
    return [
        machine(server)
        for server in connection.compute.servers(details=True)
        if (server.metadata or {}).get(mark) == value
    ]


def left(connection: Connection, identity: str) -> int:
    """Ports that Nova made end with their machine; those of an interrupted create may not."""
    network = connection.network
    ports = list(network.ports(device_id=identity))
    for port in ports:
        for address in network.ips(port_id=port.id):
            network.delete_ip(address, ignore_missing=True)
        network.delete_port(port, ignore_missing=True)
    return len(ports)


def machine(server: Any) -> Machine:
    fault = server.fault or {}
    return Machine(
        id=server.id,
        name=server.name,
        status=server.status,
        fault=str(fault.get("message", "")),
        marks=dict(server.metadata or {}),
    )
