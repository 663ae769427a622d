"""The servers that are machines of an OpenStack project: found or made, remembered, prepared.

    python -m servers.provision --delete

deletes those that this installation made.
"""

import base64
import json
import re
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from keystoneauth1.exceptions import ClientException
from openstack.config import OpenStackConfig
from openstack.connection import Connection
from openstack.exceptions import ConfigException, SDKException

from local import secrets
from local.layout import Layout, arguments, layout
from local.progress import waited
from local.refusal import Refused, or_one_line
from model.environment import Environment
from model.installation import Host
from model.openstack import OpenStack, Servers, newest
from model.reading import Model, Name
from model.site import Site
from servers import preparation

OWNER, SERVER = "slipway-installation", "slipway-server"
"""Marks of a machine: whose it is, and which server it is; without ours, it is never touched."""
HOST_KEY = re.compile(r"^(ssh-ed25519 [A-Za-z0-9+/=]{68})\s", re.MULTILINE)
"""A line that cloud-init prints between `BEGIN` and `END SSH HOST KEY KEYS`."""
DOWN = ("ERROR", "DELETED", "SHUTOFF")


TRIES = 3
"""How many machines are made for a server, if none comes to life."""


class Spoilt(Exception):
    """A machine that ended before anybody could use it."""


class Machine(Model):
    """A server's machine, as it is remembered."""

    id: str
    host: Host


class Machines(Model):
    """`machines.json`: an environment's servers, and whose project has them."""

    cloud: str
    machines: dict[Name, Machine] = {}


def known(layout: Layout, environment: str) -> dict[str, Machine]:
    file = layout.machines(environment)
    return Machines.model_validate_json(file.read_bytes()).machines if file.exists() else {}


def hosts(layout: Layout, environment: Environment) -> dict[str, Host]:
    """An environment's servers, as the master and the deploy worker reach them."""
    found = known(layout, environment.name)
    return {name: found[name].host for name in environment.servers}


def make(site: Site, layout: Layout, say: Callable[[str], None]) -> None:
    """Have every server there and prepared; raises Refused naming it and what is wrong."""
    places = [environment for environment in site.environments if environment.servers]
    jobs = [(place, name) for place in places for name in place.servers]
    projects = {place.name: Project(layout, place) for place in places}
    for place in places:
        # Before there is any: what a kill leaves is found again.
        remember(layout, place, known(layout, place.name))
    with ThreadPoolExecutor(len(jobs)) as pool:
        say("Servers: waiting for machines")
        machines = list(pool.map(lambda job: projects[job[0].name].machine(job[1]), jobs))
        for place in places:
            made = {
                name: machine
                for (where, name), machine in zip(jobs, machines, strict=True)
                if where is place
            }
            remember(layout, place, made)
        say("Servers: preparing")
        roots = list(pool.map(lambda job: preparation.prepare(site, job[0], job[1], layout), jobs))
    for place in places:
        own = (root for (where, _), root in zip(jobs, roots, strict=True) if where is place)
        layout.authority(place.name).write_text("".join(own))


def remember(layout: Layout, place: Environment, machines: Mapping[str, Machine]) -> None:
    assert place.openstack  # noqa: S101  # it has servers
    file = layout.machines(place.name)
    file.parent.mkdir(exist_ok=True)
    kept = Machines(cloud=place.openstack.cloud, machines=dict(machines))
    file.write_text(kept.model_dump_json(indent=2))


class Project:
    """An environment's OpenStack project, asked for its servers."""

    def __init__(self, layout: Layout, environment: Environment) -> None:
        assert environment.openstack and environment.openstack.servers  # noqa: S101  # it has some
        self.layout = layout
        self.environment = environment
        self.place: OpenStack = environment.openstack
        self.wanted: Servers = environment.openstack.servers
        self.owner = secrets.operator(layout)
        self.known = known(layout, environment.name)

    def machine(self, name: str) -> Machine:
        """The machine of a server, made if it is not there."""
        try:
            connection = connect(self.layout, self.place.cloud)
            for _ in range(TRIES - 1):
                with suppress(Spoilt):
                    return self.tried(connection, name)
            return self.tried(connection, name)
        except (SDKException, ClientException, Spoilt) as trouble:
            raise self.refused(name, str(trouble)) from None

    def tried(self, connection: Connection, name: str) -> Machine:
        """The same, raising Spoilt for a machine that never came to life."""
        server = self.found(connection, name) or self.created(connection, name)
        before = self.known.get(name)
        # A console forgets what it printed first.
        key = before.host.key if before and before.id == server.id else None
        key = key or self.key(connection, name, server.id)
        own, edge = self.addresses(connection, server.id)
        reached = own if self.environment.deploys_itself else edge
        return Machine(id=server.id, host=Host(address=reached, key=key, edge=edge))

    def found(self, connection: Connection, name: str) -> Any:
        """The server's machine; one that could not be made, and never served, is deleted."""
        marks = self.marks(name).items()
        before = self.known.get(name)
        for server in ours(connection, self.owner):
            if not marks <= server.metadata.items():
                continue
            if before and before.id == server.id and server.status in DOWN:
                raise self.refused(name, f"its machine is {server.status}: start it, or delete it")
            if server.status != "ERROR":
                return server
            connection.compute.delete_server(server)
        return None

    def marks(self, name: str) -> dict[str, str]:
        return {OWNER: self.owner, SERVER: f"{self.environment.name}/{name}"}

    def created(self, connection: Connection, name: str) -> Any:
        place, wanted = self.place, self.wanted
        find_flavor, find_network = connection.compute.find_flavor, connection.network.find_network
        network = self.id(find_network, "network", place.network, name)
        groups = [{"name": group} for group in wanted.security_groups]
        return connection.compute.create_server(
            name=name,
            image_id=self.image(connection, name),
            flavor_id=self.id(find_flavor, "servers.flavor", wanted.flavor, name),
            networks=[{"uuid": network}],
            metadata=self.marks(name),
            user_data=base64.b64encode(self.user_data().encode()).decode(),
            **({"security_groups": groups} if groups else {}),
        )

    def image(self, connection: Connection, name: str) -> str:
        """The id of the newest image whose name matches."""
        pattern = self.wanted.image
        found = newest(connection.image.images(status="active"), pattern)
        if found is None:
            raise self.refused(name, f"key 'openstack.servers.image': no '{pattern}'")
        return found

    def id(self, find: Callable[..., Any], key: str, value: str, name: str) -> str:
        found = find(value, ignore_missing=True)
        if found is None:
            raise self.refused(name, f"key 'openstack.{key}': no '{value}'")
        return str(found.id)

    def user_data(self) -> str:
        """What cloud-init is told: who may prepare the machine. It holds no secret."""
        operator = {
            "name": preparation.OPERATOR,
            "sudo": "ALL=(ALL) NOPASSWD:ALL",
            "shell": "/bin/bash",
            "ssh_authorized_keys": [
                self.layout.operator_key.with_suffix(".pub").read_text().strip()
            ],
        }
        return "#cloud-config\n" + json.dumps({"users": ["default", operator]})

    def key(self, connection: Connection, name: str, identity: str) -> str:
        """The host key that the machine's own console shows."""
        shown: list[str] = []

        def seen() -> bool:
            server: Any = connection.compute.get_server(identity)
            if server.status in DOWN:
                why = (server.fault or {}).get("message") or "it does not run"
                raise Spoilt(f"its machine is {server.status}: {why}")
            if server.status == "ACTIVE":  # there is no console before
                answer: Any = connection.compute.get_server_console_output(identity)
                shown[:] = HOST_KEY.findall(answer.get("output") or "")
            return bool(shown)

        if not waited(seen, self.wanted.boot_seconds):
            limit = self.wanted.boot_seconds
            raise self.refused(name, f"its console showed no SSH host key within {limit} s")
        return shown[-1]

    def addresses(self, connection: Connection, identity: str) -> tuple[str, str]:
        """The machine's own address, and the one at which others reach it."""
        network = connection.network
        port = next(iter(network.ports(device_id=identity)))
        own = str(port.fixed_ips[0]["ip_address"])
        if not self.wanted.public:
            return own, own
        given = list(network.ips(port_id=port.id))
        if not given:
            public = self.id(network.find_network, "servers.public", self.wanted.public, identity)
            given = [network.create_ip(floating_network_id=public, port_id=port.id)]
        return own, str(given[0].floating_ip_address)

    def refused(self, name: str, why: str) -> Refused:
        return Refused(f"{self.environment.name}.toml: server {name}: {why}")


def connect(layout: Layout, cloud: str) -> Connection:
    """A project of `clouds.yaml`; raises Refused when it is not there."""
    file = layout.clouds
    if file:
        readable(file)
    try:
        config = OpenStackConfig(config_files=[str(file)] if file else None)
        return Connection(config=config.get_one(cloud=cloud))
    except ConfigException as error:
        where = file or "clouds.yaml"
        raise Refused(f"{where}: no cloud '{cloud}': {error}") from None


def readable(file: Path) -> None:
    try:
        file.open().close()
    except OSError as error:
        raise Refused(f"cannot read {file} (CLOUDS): {error.strerror}") from None


def ours(connection: Connection, owner: str) -> list[Any]:
    """Every machine of the project that this installation made as a server."""
    servers: Iterable[Any] = connection.compute.servers()
    return [server for server in servers if (server.metadata or {}).get(OWNER) == owner]


def delete(layout: Layout) -> None:
    """Delete the machines that this installation made, and their addresses.

    Those of every project that it ever had servers in, whatever the site's files say by now.
    """
    for file in layout.state.glob("*/machines.json"):
        connection = connect(layout, Machines.model_validate_json(file.read_bytes()).cloud)
        for server in ours(connection, secrets.operator(layout)):
            for address in addresses_of(connection, server.id):
                connection.network.delete_ip(address)
            connection.compute.delete_server(server)
            print(f"Deleted {server.metadata.get(SERVER, server.name)}.")


def addresses_of(connection: Connection, identity: str) -> Iterable[Any]:
    for port in connection.network.ports(device_id=identity):
        yield from connection.network.ips(port_id=port.id)


def main() -> None:
    parser = arguments(ArgumentParser(description=__doc__))
    parser.add_argument("--delete", action="store_true", required=True)
    meant = layout(parser.parse_args())
    try:
        delete(meant)
    except (SDKException, ClientException) as trouble:
        raise Refused(f"the servers' machines cannot be deleted: {trouble}") from None


if __name__ == "__main__":
    or_one_line(main)
