"""Which security group opens which port to whom: the roles' declarations, for one environment.

Each server has the same rules again, in nftables (`roles/base/firewall.py`).
"""

from collections.abc import Iterable, Iterator

from cloud.project_network import Rule
from model.environment import Environment
from model.role import BASE, EVERYONE, OPERATOR, WORKER

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
            for opening in environment.openings(group)
            for to in opening.to
            for rule in rules(environment, opening.port, to, addresses)
        }
        for name, group in environment.servers.items()
    }


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
