"""The machine of each server of an environment: `machines.json`, and Nova's metadata."""

from collections.abc import Mapping
from pathlib import Path

from model.environment import Environment
from model.installation import ServerAddress
from model.reading import Model, Name
from model.role import APP
from servers.paths import ServerPaths

OPERATOR = "slipway-operator"
"""The account that prepares machines; cloud-init makes it."""
OWNER, SERVER = "slipway-installation", "slipway-server"
"""Metadata keys of a machine: its installation, and its server. Other machines stay untouched."""


class ServerRecord(Model):
    """One server's machine."""

    id: str
    """The machine's id in Nova."""
    host: ServerAddress
    internal: str | None = None
    """Its address in the project's network; an older version did not write it."""


class Inventory(Model):
    """An environment's servers, and the project that has their machines."""

    cloud: str
    machines: dict[Name, ServerRecord] = {}
    """By the server's name."""

    @classmethod
    def read(cls, file: Path) -> "Inventory":
        return cls.model_validate_json(file.read_bytes())


def records(paths: ServerPaths, environment: str) -> dict[str, ServerRecord]:
    """The recorded machines of an environment, by the server's name."""
    file = paths.machines(environment)
    return Inventory.read(file).machines if file.exists() else {}


def addresses(paths: ServerPaths, environment: Environment) -> dict[str, ServerAddress]:
    """How the master and the deploy worker reach the servers that components run on."""
    machines = records(paths, environment.name)
    groups = environment.server_groups
    return {name: machines[name].host for name, group in groups.items() if APP in group.roles}


def write(
    paths: ServerPaths, environment: Environment, machines: Mapping[str, ServerRecord]
) -> None:
    assert environment.openstack  # noqa: S101  # it has servers
    file = paths.machines(environment.name)
    file.parent.mkdir(exist_ok=True)
    inventory = Inventory(cloud=environment.openstack.cloud, machines=dict(machines))
    file.write_text(inventory.model_dump_json(indent=2))
