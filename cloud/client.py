"""One OpenStack project: its machines, their networks and addresses. Every call waits."""

import base64
import threading
import time
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

from cloud.errors import ConfigurationError, classify
from model.openstack import newest

T = TypeVar("T")

API_SECONDS = 20
"""How long one answer may take."""

NEWEST_SECONDS = 60.0
"""For how long the newest image stays the newest without a new look."""

CONSOLE_LINES = 60

SDK_ERRORS = (SDKException, ClientException, RequestException, OSError)
"""What openstacksdk raises when something is wrong outside of it."""


@dataclass(frozen=True)
class ServerRequest:
    """A machine to create, in the words of an environment's file."""

    name: str
    image: str
    """A name, or a pattern with `*`: the newest image whose name matches."""
    flavor: str
    network: str
    metadata: dict[str, str]
    user_data: str
    security_groups: tuple[str, ...] = ()
    key: str | None = None
    """A key pair's name."""
    volume_gb: int | None = None
    """The size of a volume to boot from; absent: the flavor's own disk."""
    zone: str | None = None


@dataclass(frozen=True)
class Machine:
    """A machine as Nova describes it."""

    id: str
    name: str
    status: str
    """Nova's own word: BUILD, ACTIVE, ERROR, ..."""
    fault: str
    """Nova's reason for ERROR."""
    metadata: dict[str, str]


class CloudClient:
    """The calls that workers and servers need; each raises CloudError and no other exception.

    Threads may share one: each gets a connection of its own, and all share one token.
    """

    def __init__(self, name: str, clouds: Path | None) -> None:
        self.name = name
        """What `clouds.yaml` calls the project."""
        self.clouds = clouds
        """`clouds.yaml`; None: where openstacksdk looks for it."""
        self._local = threading.local()
        self._lock = threading.Lock()
        self._region: Any = None
        self._ids: dict[tuple[str, str], tuple[float, str]] = {}
        """By kind and name: when an id was looked up, and the id."""

    def read_from(self, clouds: Path | None) -> None:
        """Take the credentials from this file from now on; it is read when next needed."""
        if clouds != self.clouds:
            self.clouds = clouds
            self._region = None

    def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """The function's result for this thread's connection and the arguments."""
        try:
            return function(self._connection(), *arguments)
        except ConfigException as error:
            where = self.clouds or "clouds.yaml"
            raise ConfigurationError("cloud", f"no '{self.name}' in {where}: {error}") from None
        except SDK_ERRORS as error:
            cloud_error = classify(error)
            if isinstance(cloud_error, ConfigurationError) and cloud_error.key == "cloud":
                self._region = None  # the file is read again: its credentials may be new by then
            raise cloud_error from error

    def _connection(self) -> Connection:
        with self._lock:
            if self._region is None:
                if self.clouds:
                    require_readable(self.clouds)
                files = [str(self.clouds)] if self.clouds else None
                config = OpenStackConfig(config_files=files)
                self._region = config.get_one(cloud=self.name, api_timeout=API_SECONDS)
            region = self._region
        if getattr(self._local, "region", None) is not region:
            self._local.region = region
            self._local.connection = Connection(config=region)
        connection: Connection = self._local.connection
        return connection

    # Machines.

    def create_server(self, request: ServerRequest) -> str:
        """Ask for a machine; its id."""
        return self.call(self._create_server, request)

    def _create_server(self, connection: Connection, request: ServerRequest) -> str:
        image = self._image_id(connection, request.image)
        values: dict[str, Any] = {
            "name": request.name,
            "flavor_id": self._flavor_id(connection, request.flavor),
            "networks": [{"uuid": self._network_id(connection, request.network)}],
            "metadata": request.metadata,
            "user_data": base64.b64encode(request.user_data.encode()).decode(),
        }
        if request.volume_gb:
            values["block_device_mapping"] = [root_volume(image, request.volume_gb)]
        else:
            values["image_id"] = image
        if request.security_groups:
            values["security_groups"] = [{"name": name} for name in request.security_groups]
        if request.key:
            values["key_name"] = request.key
        if request.zone:
            values["availability_zone"] = request.zone
        try:
            return str(connection.compute.create_server(**values).id)
        except (BadRequestException, NotFoundException):
            self._ids.clear()  # one of them may be the id of something that was deleted
            raise

    def get_server(self, identity: str) -> Machine | None:
        """The machine as it is now; None when it does not exist any more."""
        return self.call(get_server, identity)

    def get_console(self, identity: str, lines: int | None = CONSOLE_LINES) -> str:
        """The last lines of the machine's console; all of them for None."""
        return self.call(get_console, identity, lines)

    def list_by_metadata(self, key: str, value: str) -> list[Machine]:
        """All machines of the project whose metadata has this value under this key."""
        return self.call(list_by_metadata, key, value)

    def delete_server(self, identity: str) -> None:
        """Ask for a machine's end; it has come when `get_server` finds None."""
        self.call(delete_server, identity)

    # Networks.

    def addresses(self, identity: str, public: str | None) -> tuple[str, str]:
        """A machine's own address, and its floating IP of the network `public`, made if need be.

        Both are its own where `public` is None.
        """
        return self.call(self._addresses, identity, public)

    def _addresses(
        self, connection: Connection, identity: str, public: str | None
    ) -> tuple[str, str]:
        network = connection.network
        port = next(iter(network.ports(device_id=identity)))
        fixed = str(port.fixed_ips[0]["ip_address"])
        if not public:
            return fixed, fixed
        floating = list(network.ips(port_id=port.id))
        if not floating:
            pool = self._network_id(connection, public, key="public")
            floating = [network.create_ip(floating_network_id=pool, port_id=port.id)]
        return fixed, str(floating[0].floating_ip_address)

    def delete_addresses(self, identity: str) -> None:
        """Give a machine's floating IPs back."""
        self.call(delete_addresses, identity)

    def delete_leftover_ports(self, identity: str) -> int:
        """Delete the ports and floating IPs that a deleted machine left; how many ports."""
        return self.call(delete_leftover_ports, identity)

    # What an environment's file names.

    def missing(self, request: ServerRequest, zones: Iterable[str]) -> list[ConfigurationError]:
        """What a request and a list of zones name and the project does not have."""
        return self.call(self._missing, request, tuple(zones))

    def _missing(
        self, connection: Connection, request: ServerRequest, zones: tuple[str, ...]
    ) -> list[ConfigurationError]:
        network, compute = connection.network, connection.compute
        groups = partial(network.security_groups, project_id=connection.current_project_id)
        named: list[tuple[str, tuple[str, ...], Callable[[], Iterable[Any]]]] = [
            ("security_groups", request.security_groups, groups),
            ("key", (request.key,) if request.key else (), compute.keypairs),
            ("zones", zones, compute.availability_zones),
        ]
        errors = [
            *configuration_errors(lambda: self._image_id(connection, request.image)),
            *configuration_errors(lambda: self._flavor_id(connection, request.flavor)),
            *configuration_errors(lambda: self._network_id(connection, request.network)),
        ]
        for key, names, list_all in named:
            existing = sorted({str(item.name) for item in list_all()}) if names else []
            expected = ", ".join(existing) or "none"
            errors += [
                ConfigurationError(key, f"no '{name}'; expected one of {expected}")
                for name in names
                if name not in existing
            ]
        return errors

    def _image_id(self, connection: Connection, pattern: str) -> str:
        """The id of the newest image whose name matches."""
        when, identity = self._ids.get(("image", pattern), (-NEWEST_SECONDS, ""))
        if time.monotonic() - when < NEWEST_SECONDS:
            return identity
        image = newest(connection.image.images(status="active"), pattern)
        if image is None:
            raise ConfigurationError("image", f"no '{pattern}'")
        self._ids["image", pattern] = (time.monotonic(), image)
        return image

    def _flavor_id(self, connection: Connection, name: str) -> str:
        return self._id("flavor", name, connection.compute.find_flavor)

    def _network_id(self, connection: Connection, name: str, key: str = "network") -> str:
        return self._id(key, name, connection.network.find_network)

    def _id(self, key: str, name: str, find: Callable[..., Any]) -> str:
        """The id of what seldom changes, so that each is looked up once."""
        if cached := self._ids.get((key, name)):
            return cached[1]
        try:
            item = find(name, ignore_missing=False)
        except NotFoundException as error:
            raise ConfigurationError(key, f"no '{name}'") from error
        except DuplicateResource as error:
            raise ConfigurationError(key, f"more than one is called '{name}'") from error
        self._ids[key, name] = (time.monotonic(), str(item.id))
        return str(item.id)


def require_readable(clouds: Path) -> None:
    """Raises ConfigurationError: openstacksdk takes a missing file for an empty one."""
    try:
        clouds.open().close()
    except OSError as error:
        raise ConfigurationError("cloud", f"cannot read {clouds}: {error.strerror}") from None


def configuration_errors(find: Callable[[], str]) -> list[ConfigurationError]:
    try:
        find()
    except ConfigurationError as error:
        return [error]
    return []


def root_volume(image: str, size: int) -> dict[str, Any]:
    """A volume of `size` GB that is made for its machine and deleted with it."""
    return {
        "boot_index": 0,
        "uuid": image,
        "source_type": "image",
        "destination_type": "volume",
        "volume_size": size,
        "delete_on_termination": True,
    }


def get_server(connection: Connection, identity: str) -> Machine | None:
    try:
        return machine(connection.compute.get_server(identity))
    except NotFoundException:
        return None


def get_console(connection: Connection, identity: str, lines: int | None) -> str:
    output: Any = connection.compute.get_server_console_output(identity, length=lines)
    return str(output.get("output", "")) if isinstance(output, dict) else str(output or "")


def list_by_metadata(connection: Connection, key: str, value: str) -> list[Machine]:
    return [
        machine(server)
        for server in connection.compute.servers(details=True)
        if (server.metadata or {}).get(key) == value
    ]


def delete_server(connection: Connection, identity: str) -> None:
    connection.compute.delete_server(identity, ignore_missing=True)


def delete_addresses(connection: Connection, identity: str) -> None:
    for port in connection.network.ports(device_id=identity):
        for address in connection.network.ips(port_id=port.id):
            connection.network.delete_ip(address, ignore_missing=True)


def delete_leftover_ports(connection: Connection, identity: str) -> int:
    """Ports that Nova made end with their machine; those of an interrupted create may not."""
    delete_addresses(connection, identity)
    ports = list(connection.network.ports(device_id=identity))
    for port in ports:
        connection.network.delete_port(port, ignore_missing=True)
    return len(ports)


def machine(server: Any) -> Machine:
    fault = server.fault or {}
    return Machine(
        id=server.id,
        name=server.name,
        status=server.status,
        fault=str(fault.get("message", "")),
        metadata=dict(server.metadata or {}),
    )
