"""A project's network and security groups: made when they are missing, changed where they differ.

Each function yields a sentence for each change, and makes it unless it is a dry run. What is ours
has our installation's description; a network of the same name that somebody else made is used as it
is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from openstack.connection import Connection

from cloud.errors import ConfigurationError

ROUTER_PORT = "network:router_interface"
"""What Neutron calls a port of a router in a network."""
NEW = ""
"""The id of a security group in a dry run that would make it."""


@dataclass(frozen=True, order=True)
class Rule:
    """A TCP port that a security group opens, to addresses or to the members of a group."""

    port: int
    cidr: str = ""
    group: str = ""
    """A security group's name."""

    def __str__(self) -> str:
        return f"port {self.port} to {self.group or self.cidr}"


@dataclass(frozen=True)
class NetworkRequest:
    """A network with one subnet, behind a router."""

    name: str
    subnet: str
    """Its addresses, as CIDR."""
    external: str | None
    """The external network of its router; None: there is no way out."""


def make_network(
    connection: Connection, wanted: NetworkRequest, owner: str, *, dry: bool
) -> Iterator[str]:
    """Have a network, its subnet and its router; raises ConfigurationError."""
    client = connection.network
    project = connection.current_project_id
    network: Any = client.find_network(wanted.name, project_id=project)
    if network is None:
        yield f"create network {wanted.name}"
        if dry:
            return
        network = client.create_network(name=wanted.name, description=owner)
    subnet: Any = next(iter(client.subnets(network_id=network.id, ip_version=4)), None)
    if subnet is None:
        yield f"create subnet {wanted.subnet} of network {wanted.name}"
        if dry:
            return
        subnet = client.create_subnet(
            name=wanted.name,
            network_id=network.id,
            ip_version=4,
            cidr=wanted.subnet,
            description=owner,
        )
    elif subnet.cidr != wanted.subnet:
        raise ConfigurationError("subnet", f"the network {wanted.name} has {subnet.cidr}")
    if wanted.external:
        yield from make_router(connection, wanted, subnet, owner, dry=dry)


def make_router(
    connection: Connection, wanted: NetworkRequest, subnet: Any, owner: str, *, dry: bool
) -> Iterator[str]:
    """Have a router between the subnet and the external network."""
    client = connection.network
    project = connection.current_project_id
    external: Any = client.find_network(str(wanted.external))
    if external is None:
        raise ConfigurationError("external_network", f"no '{wanted.external}'")
    interface = {"network_id": subnet.network_id, "device_owner": ROUTER_PORT}
    if next(iter(client.ports(**interface)), None):
        return
    yield f"connect network {wanted.name} to {wanted.external} by a router"
    if dry:
        return
    router: Any = client.find_router(wanted.name, project_id=project)
    if router is None:
        router = client.create_router(
            name=wanted.name,
            external_gateway_info={"network_id": external.id},
            description=owner,
        )
    client.add_interface_to_router(router, subnet)


def subnet_addresses(connection: Connection, network: str) -> list[str]:
    """The IPv4 addresses of a network's subnets, as CIDR; none of a network that is not there."""
    found: Any = connection.network.find_network(network)
    if found is None:
        return []
    return sorted(s.cidr for s in connection.network.subnets(network_id=found.id, ip_version=4))


def make_security_groups(
    connection: Connection, wanted: Mapping[str, set[Rule]], owner: str, *, dry: bool
) -> Iterator[str]:
    """Have security groups that open exactly what the rules say, by the groups' names."""
    client = connection.network
    ids = group_ids(connection, owner)
    for name in wanted:
        if name not in ids:
            yield f"create security group {name}"
            ids[name] = NEW
            if not dry:
                ids[name] = str(client.create_security_group(name=name, description=owner).id)
    names = {identity: name for name, identity in ids.items()}
    for name, rules in wanted.items():
        existing = own_rules(connection, ids[name], names) if ids[name] else {}
        for rule in sorted(rules - existing.keys()):
            yield f"security group {name}: open {rule}"
            if not dry:
                create_rule(connection, ids[name], rule, ids)
        for rule in sorted(existing.keys() - rules):
            yield f"security group {name}: close {rule}"
            if not dry:
                client.delete_security_group_rule(existing[rule])


def group_ids(connection: Connection, owner: str) -> dict[str, str]:
    """The ids of the security groups that this installation made, by name."""
    groups = connection.network.security_groups(
        project_id=connection.current_project_id, description=owner
    )
    return {str(group.name): str(group.id) for group in groups}


def own_rules(connection: Connection, group: str, names: Mapping[str, str]) -> dict[Rule, str]:
    """What a group opens, with the id of each rule; `names` are those of groups, by id.

    Somebody else's rule, such as a range of ports, is one of a port that nobody wants: 0.
    """
    rules = connection.network.security_group_rules(
        security_group_id=group, direction="ingress", ether_type="IPv4"
    )
    return {rule_of(rule, names): str(rule.id) for rule in rules}


def rule_of(rule: Any, names: Mapping[str, str]) -> Rule:
    single = rule.protocol == "tcp" and rule.port_range_min == rule.port_range_max
    port = rule.port_range_min if single and rule.port_range_min else 0
    if rule.remote_group_id:
        return Rule(port, group=names.get(rule.remote_group_id, str(rule.remote_group_id)))
    return Rule(port, cidr=rule.remote_ip_prefix or "0.0.0.0/0")


def create_rule(connection: Connection, group: str, rule: Rule, ids: Mapping[str, str]) -> None:
    source = {"remote_group_id": ids[rule.group]} if rule.group else {"remote_ip_prefix": rule.cidr}
    connection.network.create_security_group_rule(
        security_group_id=group,
        direction="ingress",
        ether_type="IPv4",
        protocol="tcp",
        port_range_min=rule.port,
        port_range_max=rule.port,
        **source,
    )


def add_to_group(connection: Connection, server: str, group: str) -> None:
    """Have a machine's port be a member of a security group, by id."""
    client = connection.network
    port: Any = next(iter(client.ports(device_id=server)), None)
    if port is not None and group not in port.security_group_ids:
        client.update_port(port, security_groups=[*port.security_group_ids, group])


def delete_project_network(connection: Connection, owner: str) -> list[str]:
    """Delete the security groups, routers and networks that this installation made; their names.

    Its machines must be gone. A network that others use stays.
    """
    client = connection.network
    ours: dict[str, Any] = {"project_id": connection.current_project_id, "description": owner}
    deleted = []
    for group in client.security_groups(**ours):
        client.delete_security_group(group)
        deleted.append(f"security group {group.name}")
    for router in client.routers(**ours):
        for port in client.ports(device_id=router.id, device_owner=ROUTER_PORT):
            client.remove_interface_from_router(router, port=port.id)
        client.delete_router(router)
        deleted.append(f"router {router.name}")
    for network in client.networks(**ours):
        if not list(client.ports(network_id=network.id)):
            client.delete_network(network)
            deleted.append(f"network {network.name}")
    return deleted
