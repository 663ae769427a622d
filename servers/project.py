"""What an environment needs of its OpenStack project besides machines: a network, and its rules."""

from collections.abc import Iterator
from functools import partial

from openstack.connection import Connection

from cloud import project_network
from cloud.client import CloudClient
from cloud.errors import CloudError, ConfigurationError
from cloud.project_network import NetworkRequest
from model.environment import Environment
from model.openstack import OpenStack
from servers import openings
from servers.errors import ServerError
from servers.paths import ServerPaths


def prepare_project(
    environment: Environment, paths: ServerPaths, owner: str, *, dry: bool = False
) -> list[str]:
    """Have the network and the security groups of an environment's servers.

    Returns a sentence for each change, which is only looked for in a dry run. Raises ServerError.
    """
    openstack = environment.openstack
    assert openstack  # noqa: S101  # it has servers
    client = CloudClient(openstack.cloud, paths.clouds)
    make = partial(changes, environment=environment, openstack=openstack, owner=owner, dry=dry)
    file = f"{environment.name}.toml"
    try:
        return client.call(lambda connection: list(make(connection)))
    except ConfigurationError as error:
        raise ServerError(error.located(file, "openstack", OpenStack.model_fields)) from None
    except CloudError as error:
        raise ServerError(f"{file}: the project's network cannot be prepared: {error}") from None


def changes(
    connection: Connection, environment: Environment, openstack: OpenStack, owner: str, *, dry: bool
) -> Iterator[str]:
    if openstack.subnet:
        wanted = NetworkRequest(openstack.network, openstack.subnet, openstack.external_network)
        yield from project_network.make_network(connection, wanted, owner, dry=dry)
        addresses = [openstack.subnet]
    else:
        addresses = project_network.subnet_addresses(connection, openstack.network)
    groups = openings.security_groups(environment, addresses)
    yield from project_network.make_security_groups(connection, groups, owner, dry=dry)


def security_group_ids(environment: Environment, client: CloudClient, owner: str) -> dict[str, str]:
    """The id of the security group of each group of servers, by the group's name."""
    ids = client.call(project_network.group_ids, owner)
    names = {name: openings.security_group(environment, name) for name in environment.servers}
    return {group: ids[name] for group, name in names.items() if name in ids}
