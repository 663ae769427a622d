"""What reaches a server: nftables, from the same declarations as the security groups.

https://wiki.nftables.org/wiki-nftables/index.php/Simple_ruleset_for_a_server
"""

from collections.abc import Iterable
from pathlib import Path

from model.role import EVERYONE, OPERATOR, WORKER
from roles.managed_server import ManagedServer

BASE_FILE = Path("/etc/nftables.conf")
"""What Debian's unit `nftables` loads, with the table of every server."""
BASE_TABLE = "slipway"
FOLDER = Path("/etc/nftables.d")
"""Further tables, each of one role and loaded by itself: one that fails takes no other with it."""
# A table that is there is replaced, in one transaction; tables of others stay.
TABLE = """\
#!/usr/sbin/nft -f
table inet {name}
delete table inet {name}
table inet {name} {{
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
    meta skuid {{ {accounts} }} ip daddr 169.254.169.254 reject comment "Nova's metadata"
    meta skuid {{ {accounts} }} ip6 daddr fe80::a9fe:a9fe reject comment "Nova's metadata"
  }}
"""
"""Of some accounts: https://docs.openstack.org/nova/latest/user/metadata.html shows user data."""


def input_table(target: ManagedServer) -> str:
    """What may reach a server."""
    rules = {
        f'    {condition}tcp dport {opening.port} accept comment "{opening.purpose}"\n'
        for opening in target.environment.openings(target.group)
        for to in opening.to
        for condition in conditions(target, to)
    }
    chains = INPUT.format(accepted="".join(sorted(rules)))
    return TABLE.format(name=BASE_TABLE, chains=chains)


def conditions(target: ManagedServer, to: str) -> Iterable[str]:
    """The beginning of the rules for one of those whom `Opening.to` may name.

    Where operators and workers come from, security groups alone say: an operator whose address has
    changed could not reach the servers to change it there.
    """
    if to in (EVERYONE, OPERATOR, WORKER):
        return [""]
    return [f"ip saddr {peer.address} " for peer in target.having(to)]


def output_table(name: str, accounts: Iterable[str]) -> str:
    """What some accounts of a server may not reach."""
    return TABLE.format(name=name, chains=OUTPUT.format(accounts=", ".join(sorted(accounts))))
