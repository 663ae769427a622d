"""Security groups, enforced: Neutron's rules as nftables in each machine's namespace.

Neutron's driver touches a file whenever ports, groups or rules changed; then all are read again.
"""

import ipaddress
import subprocess
import threading
import time

from oslo_log import log as logging

from slipcloud.seed import connection
from tests.cloud import network
from tests.cloud.configuration import PASSWORD
from tests.cloud.machine import Machine

LOG = logging.getLogger(__name__)

_applying = threading.Lock()
_applied = {}
"""What was loaded into each namespace last."""


def changed(layout):
    """The file that tells of changes."""
    return layout.state / "security.changed"


def watch(layout):
    threading.Thread(target=follow, args=(layout,), daemon=True).start()


def follow(layout):
    seen = stamp(layout)
    while True:
        time.sleep(0.2)  # Neutron is another process, and all that it leaves is a file
        now = stamp(layout)
        if now != seen:
            seen = now
            apply_now(layout)


def stamp(layout):
    try:
        return changed(layout).stat().st_mtime_ns
    except OSError:
        return 0


def apply_now(layout, again=None):
    """Bring every machine's rules up to date, as Neutron has them at this moment.

    Those of one machine are loaded `again`: its own firewall removes all rules when it is stopped.
    """
    with _applying:
        for plugged in [plugged for plugged in _applied if plugged[1] == again]:
            del _applied[plugged]
        neutron = _neutron(layout)
        rules = [rule.to_dict() for rule in neutron.security_group_rules()]
        ports = [
            port.to_dict() for port in neutron.ports() if port.device_owner.startswith("compute:")
        ]
        plugged_in = network.namespaces()
        for port in ports:
            machine = Machine(layout, port["device_id"])
            text = ruleset(port, rules, ports)
            plugged = (port["id"], port["device_id"])
            known = _applied.get(plugged) == text
            if machine.namespace in plugged_in and not known and load(machine.namespace, text):
                _applied[plugged] = text


def load(namespace, text):
    """Whether the rules are in force now; a namespace may be going at this moment."""
    nft = ("ip", "netns", "exec", namespace, "nft", "--file", "-")
    outcome = subprocess.run(nft, input=text, text=True, capture_output=True, check=False)
    if outcome.returncode:
        LOG.warning("%s: %s", namespace, outcome.stderr.strip())
    return outcome.returncode == 0


_connections = {}


def _neutron(layout):
    if layout not in _connections:
        _connections[layout] = connection(layout, "admin", PASSWORD, "admin")
    return _connections[layout].network


def ruleset(port, rules, ports):
    """The text that nft loads for a port: what is not allowed is dropped."""
    own = [rule for rule in rules if rule["security_group_id"] in port["security_group_ids"]]
    lines = {"ingress": [], "egress": []}
    for rule in own:
        lines[rule["direction"]] += matches(rule, ports)
    if not port["is_port_security_enabled"]:
        lines = {"ingress": ["accept"], "egress": ["accept"]}
    return "\n".join(
        (
            "table inet slipcloud",
            "delete table inet slipcloud",
            "table inet slipcloud {",
            "chain input { type filter hook input priority 0; policy drop;",
            'iif "lo" accept',
            "ct state established,related accept",
            *lines["ingress"],
            "}",
            "chain output { type filter hook output priority 0; policy drop;",
            'oif "lo" accept',
            "ct state established,related accept",
            *lines["egress"],
            "}",
            "}",
            "",
        )
    )


def matches(rule, ports):
    """The nftables rules for one of Neutron's; none for IPv6, which no network here has."""
    if rule["ether_type"] != "IPv4":
        return []
    side = "saddr" if rule["direction"] == "ingress" else "daddr"
    words = []
    if rule["remote_group_id"]:
        members = sorted(
            fixed["ip_address"]
            for port in ports
            if rule["remote_group_id"] in port["security_group_ids"]
            for fixed in port["fixed_ips"]
        )
        if not members:
            return []
        words.append(f"ip {side} {{ {', '.join(members)} }}")
    elif rule["remote_ip_prefix"]:
        words.append(f"ip {side} {ipaddress.ip_network(rule['remote_ip_prefix'])}")
    else:
        words.append("meta nfproto ipv4")
    protocol = rule["protocol"]
    if protocol and rule["port_range_min"] and protocol in ("tcp", "udp"):
        words.append(f"{protocol} dport {rule['port_range_min']}-{rule['port_range_max']}")
    elif protocol:
        words.append(f"meta l4proto {protocol}")
    return [" ".join((*words, "accept"))]
