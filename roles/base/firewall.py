"""What reaches a server: nftables, from the same declarations as the security groups.

https://wiki.nftables.org/wiki-nftables/index.php/Simple_ruleset_for_a_server
"""

from collections.abc import Iterable
from pathlib import Path

from model.role import EVERYONE, OPERATOR, WORKER
from roles.managed_server import ManagedServer

CONFIGURATION = Path("/etc/nftables.conf")
"""What Debian's unit `nftables` loads."""
FOLDER = Path("/etc/nftables.d")
"""Further tables, each of one role."""
# A table that is there is replaced, in one transaction; tables of others stay.
TABLE = """\
table {family_and_name}
delete table {family_and_name}
table {family_and_name} {{
{chains}}}
"""
INPUT = """\
  chain input {{
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif lo accept
    meta l4proto {{ icmp, ipv6-icmp }} accept
    udp dport {{ 68, 546 }} accept comment "DHCP"
{accepted}  }}
"""
OUTPUT = """\
  chain output {{
    type filter hook output priority filter; policy accept;
    meta skuid {{ {accounts} }} ip daddr {address} reject comment "Nova's metadata"
  }}
"""
METADATA = "169.254.169.254"
"""Nova answers there with the server's user data:
https://docs.openstack.org/nova/latest/user/metadata.html."""


def table(name: str, chains: str) -> str:
    """The text of a table that replaces itself."""
    return TABLE.format(family_and_name=f"inet {name}", chains=chains)


def input_table(target: ManagedServer, network: str) -> str:
    """What may reach a server; `network` are the addresses of its own network, as CIDR."""
    accepted = {
        f'    {condition}tcp dport {opening.port} accept comment "{opening.purpose}"\n'
        for opening in target.environment.openings(target.group)
        for to in opening.to
        for condition in sources(target, to, network)
    }
    return table("slipway", INPUT.format(accepted="".join(sorted(accepted))))


def output_table(name: str, accounts: Iterable[str]) -> str:
    """What some accounts of a server may not reach."""
    return table(name, OUTPUT.format(accounts=", ".join(sorted(accounts)), address=METADATA))


def sources(target: ManagedServer, to: str, network: str) -> Iterable[str]:
    """The beginning of the rules for one of those whom `Opening.to` may name."""
    if to == EVERYONE:
        return [""]
    if to == OPERATOR:
        assert target.environment.openstack  # noqa: S101  # it has servers
        return map(source, target.environment.openstack.operators)
    if to == WORKER:
        return [source(network)]
    return [source(peer.address) for peer in target.having(to)]


def source(address: str) -> str:
    """The condition that a packet comes from an address, or a network as CIDR."""
    return f"ip saddr {address} "
