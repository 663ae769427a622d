"""Which security group opens which port to whom: the roles' declarations, for one environment."""

from collections.abc import Iterable, Iterator

from cloud.project_network import Rule
from model.environment import Environment
from model.role import BASE, EVERYONE, OPERATOR, WORKER, Opening, roles
from model.server_group import ServerGroup

ANYWHERE = "0.0.0.0/0"


def security_group(environment: Environment, group: str) -> str:
    """The name of the security group of a group of servers."""
    return f"slipway-{environment.name}-{group}"


def security_groups(environment: Environment, network: Iterable[str]) -> dict[str, set[Rule]]:
    """For each group of servers, its security group's name and rules.

    `network` are the addresses of the environment's own network, as CIDR.
    """
    addresses = tuple(network)
    return {
        security_group(environment, name): {
            rule
            for opening in openings(environment, group)
            for to in opening.to
            for rule in rules(environment, opening.port, to, addresses)
        }
        for name, group in environment.servers.items()
    }


def openings(environment: Environment, group: ServerGroup) -> Iterator[Opening]:
    """What a group of servers opens because of its own roles, and of those of others."""
    for role in (BASE, *group.roles):
        yield from roles()[role].opens
    for role in {role for each in environment.servers.values() for role in each.roles}:
        yield from roles()[role].opens_on_all


def rules(environment: Environment, port: int, to: str, network: tuple[str, ...]) -> Iterator[Rule]:
    """The rules that open a port to one of those whom `Opening.to` may name."""
    if to == EVERYONE:
        yield Rule(port, cidr=ANYWHERE)
    elif to == OPERATOR:
        assert environment.openstack  # noqa: S101  # it has servers
        yield from (Rule(port, cidr=cidr) for cidr in environment.openstack.operators)
    elif to == WORKER:
        yield from (Rule(port, cidr=cidr) for cidr in network)
    else:
        for name, group in environment.servers.items():
            if to in (BASE, *group.roles):
                yield Rule(port, group=security_group(environment, name))
