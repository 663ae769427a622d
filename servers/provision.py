"""Finds or creates the OpenStack machines of servers, and prepares them."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from cloud.client import CloudClient, ServerRequest
from cloud.errors import CloudError, ConfigurationError, InstanceFailed, TransientError
from cloud.polling import wait_until
from cloud.project_network import add_to_group, delete_project_network
from model.environment import Environment
from model.installation import ServerAddress
from model.openstack import OpenStack
from model.server_group import ServerGroup
from model.site import Site
from servers import inventory, preparation
from servers.errors import ServerError
from servers.inventory import OWNER, SERVER, Inventory, ServerRecord
from servers.paths import ServerPaths
from servers.project import prepare_project, security_group_ids

HOST_KEY = re.compile(r"^(ssh-ed25519 [A-Za-z0-9+/=]{68})\s", re.MULTILINE)
"""A line that cloud-init prints between `BEGIN` and `END SSH HOST KEY KEYS`."""
DOWN_STATES = ("ERROR", "DELETED", "SHUTOFF")
DELETION_SECONDS = 60
"""Until a deleted machine must have given back what it used."""
ATTEMPTS = 3
"""How often a machine is found or created for a server before that fails."""


def provision(site: Site, paths: ServerPaths, owner: str, say: Callable[[str], None]) -> int:
    """Have every server of the site running and prepared.

    `owner` identifies the installation in the metadata of its machines; `say` shows the state of
    the work. Returns how much was changed in projects and on servers. Raises ServerError.
    """
    environments = [environment for environment in site.environments if environment.servers]
    count = 0
    jobs = [(e, name) for e in environments for name in e.server_groups]
    machines = {e.name: MachineProvider(paths, e, owner) for e in environments}
    for environment in environments:
        # Written before a machine is created, so that `make clean` finds it after a kill.
        inventory.write(paths, environment, inventory.records(paths, environment.name))
        for change in prepare_project(environment, paths, owner):
            say(f"Servers: {environment.name}: {change}")
            count += 1
    with ThreadPoolExecutor(len(jobs)) as pool:
        say("Servers: waiting for machines")
        records = list(pool.map(lambda job: machines[job[0].name].get(job[1]), jobs))
        for environment in environments:
            own = {
                name: record
                for (other, name), record in zip(jobs, records, strict=True)
                if other is environment
            }
            count += own != inventory.records(paths, environment.name)
            inventory.write(paths, environment, own)
    prepared = preparation.prepare(site, paths, say)
    for environment in environments:
        titles = [f"{environment.name}/{name}" for name in environment.server_groups]
        authorities = "".join(prepared.certificates[title] for title in titles)
        paths.authority(environment.name).write_text(authorities)
    return count + prepared.changes


def changes(site: Site, paths: ServerPaths, owner: str) -> Iterator[str]:
    """What `provision` would change, a line each; nothing is changed. Raises ServerError."""
    made = []
    for environment in site.environments:
        if not environment.servers:
            continue
        for change in prepare_project(environment, paths, owner, dry=True):
            yield f"{environment.name}: {change}"
        machines = MachineProvider(paths, environment, owner)
        records = inventory.records(paths, environment.name)
        for name, group in environment.server_groups.items():
            if name in records and machines.exists(name):
                made.append(f"{environment.name}/{name}")
            else:
                yield f"{environment.name}: create server {name}, {group.flavor}, {group.image}"
    if made:
        for event in preparation.look(site, paths, made):
            if event.changes:
                yield f"{event.server}: {event.operation}"


class MachineProvider:
    """Finds or creates the machines of one environment's servers."""

    def __init__(self, paths: ServerPaths, environment: Environment, owner: str) -> None:
        assert environment.openstack  # noqa: S101  # it has servers
        self.paths = paths
        self.environment = environment
        self.openstack: OpenStack = environment.openstack
        self.owner = owner
        self.cloud = CloudClient(environment.openstack.cloud, paths.clouds)
        self.security_groups: Mapping[str, str] = {}
        """The id of that of each group of servers."""
        self.records = inventory.records(paths, environment.name)

    def get(self, name: str) -> ServerRecord:
        """The machine of a server, created if it does not exist; raises ServerError."""
        try:
            for _ in range(ATTEMPTS - 1):
                with suppress(InstanceFailed, TransientError):
                    return self.find_or_create(name)
            return self.find_or_create(name)
        except ConfigurationError as error:
            message = error.located(
                f"{self.environment.name}.toml",
                f"servers.{self.group_name(name)}",
                ServerGroup.model_fields,
            )
            file, _, problem = message.partition(": ")
            raise ServerError(f"{file}: server {name}: {problem}") from None
        except CloudError as error:
            raise self.error(name, str(error)) from None

    def find_or_create(self, name: str) -> ServerRecord:
        """The machine of a server; raises CloudError, and InstanceFailed if it never booted."""
        found = self.find(name)
        if found:
            self.cloud.call(add_to_group, found, self.security_group(name))
        else:
            self.delete_failed(name)
        identity = found or self.cloud.create_server(self.request(name))
        record = self.records.get(name)
        # A console loses its first lines.
        key = record.host.key if record and record.id == identity else None
        key = key or self.host_key(name, identity)
        fixed, edge = self.cloud.addresses(identity, self.group(name).public)
        address = fixed if self.environment.deploys_itself else edge
        host = ServerAddress(address=address, key=key, edge=edge)
        return ServerRecord(id=identity, host=host, internal=fixed)

    def find(self, name: str) -> str | None:
        """The id of the server's machine, unless it failed before it was recorded."""
        metadata = self.metadata(name).items()
        record = self.records.get(name)
        for machine in self.cloud.list_by_metadata(OWNER, self.owner):
            if not metadata <= machine.metadata.items():
                continue
            if record and record.id == machine.id and machine.status in DOWN_STATES:
                raise self.error(name, f"its machine is {machine.status}: start it, or delete it")
            if machine.status != "ERROR":
                return machine.id
        return None

    def delete_failed(self, name: str) -> None:
        for machine in self.cloud.list_by_metadata(OWNER, self.owner):
            failed = machine.status == "ERROR"
            if failed and self.metadata(name).items() <= machine.metadata.items():
                self.cloud.delete_server(machine.id)

    def exists(self, name: str) -> bool:
        """Whether there is a machine for a server; raises ServerError."""
        try:
            return self.find(name) is not None
        except CloudError as error:
            raise self.error(name, str(error)) from None

    def metadata(self, name: str) -> dict[str, str]:
        return {OWNER: self.owner, SERVER: f"{self.environment.name}/{name}"}

    def group(self, name: str) -> ServerGroup:
        return self.environment.server_groups[name]

    def group_name(self, name: str) -> str:
        return name.rpartition("-")[0]

    def security_group(self, name: str) -> str:
        """The id of what opens to others what the server's roles open."""
        if not self.security_groups:
            self.security_groups = security_group_ids(self.environment, self.cloud, self.owner)
        return self.security_groups[self.group_name(name)]

    def request(self, name: str) -> ServerRequest:
        group = self.group(name)
        return ServerRequest(
            name=name,
            image=group.image,
            flavor=group.flavor,
            network=self.openstack.network,
            metadata=self.metadata(name),
            user_data=self.user_data(),
            security_groups=(self.security_group(name), *group.security_groups),
        )

    def user_data(self) -> str:
        """For cloud-init: the account that prepares the machine. It holds no secret."""
        operator = {
            "name": inventory.OPERATOR,
            "sudo": "ALL=(ALL) NOPASSWD:ALL",
            "shell": "/bin/bash",
            "ssh_authorized_keys": [
                self.paths.operator_key.with_suffix(".pub").read_text().strip()
            ],
        }
        return "#cloud-config\n" + json.dumps({"users": ["default", operator]})

    def host_key(self, name: str, identity: str) -> str:
        """The SSH host key that the machine prints on its console."""
        keys: list[str] = []

        def has_key() -> bool:
            machine = self.cloud.get_server(identity)
            if machine is None or machine.status in DOWN_STATES:
                status = machine.status if machine else "DELETED"
                reason = (machine and machine.fault) or "it does not run"
                raise InstanceFailed(f"its machine is {status}: {reason}", "boot")
            if machine.status == "ACTIVE":  # there is no console before
                keys[:] = HOST_KEY.findall(self.cloud.get_console(identity, lines=None))
            return bool(keys)

        seconds = self.group(name).boot_seconds
        if not wait_until(has_key, seconds):
            raise self.error(name, f"its console showed no SSH host key within {seconds} s")
        return keys[-1]

    def error(self, name: str, problem: str) -> ServerError:
        return ServerError(f"{self.environment.name}.toml: server {name}: {problem}")


def delete_all(paths: ServerPaths, owner: str) -> None:
    """Delete the machines that an installation created as servers, and their addresses.

    Every project in which it ever had servers is searched, whatever the site's files now say.
    Raises ServerError.
    """
    for file in paths.state.glob("*/machines.json"):
        cloud = CloudClient(Inventory.read(file).cloud, paths.clouds)
        try:
            for machine in cloud.list_by_metadata(OWNER, owner):
                cloud.delete_addresses(machine.id)
                cloud.delete_server(machine.id)
                print(f"Deleted {machine.metadata.get(SERVER, machine.name)}.")
            wait_until(partial(has_none, cloud, owner), DELETION_SECONDS)
            for deleted in cloud.call(delete_project_network, owner):
                print(f"Deleted {deleted}.")
        except CloudError as error:
            raise ServerError(f"the servers' machines cannot be deleted: {error}") from None


def has_none(cloud: CloudClient, owner: str) -> bool:
    """Whether a project has no machine of an installation any more."""
    return not cloud.list_by_metadata(OWNER, owner)
