"""What every server has, whatever it is for."""

from collections.abc import Iterator
from ipaddress import ip_interface

from roles.base import firewall
from roles.managed_server import ManagedServer, ServiceCheck
from roles.operations import file, lines, output, packages, present, service, switched_off

UPDATES = ("apt-daily.timer", "apt-daily-upgrade.timer")
"""They restart services at any moment, on all servers at once: a new image is the way."""
FIREWALL = "nftables"


def deploy(target: ManagedServer) -> None:
    switched_off(name="No updates at any moment", units=UPDATES)
    packages(name="Packages of every server", names=[FIREWALL])
    rules = firewall.input_table(target, network(target.address))
    further = f'include "{firewall.FOLDER}/*.nft"\n'
    written = file(firewall.CONFIGURATION, f"#!/usr/sbin/nft -f\n{rules}{further}")
    service(name="Service nftables", unit=FIREWALL, reload=[written])
    present(
        name="The firewall's rules",
        seen="nft list table inet slipway",
        script=f"systemctl reload {FIREWALL}",
    )


def network(address: str) -> str:
    """The addresses of the network in which a server has this address, as CIDR."""
    shown = lines(output("ip -oneline -4 address show scope global | awk '{print $4}'"))
    interfaces = [ip_interface(line.strip()) for line in shown]
    found = [str(each.network) for each in interfaces if str(each.ip) == address]
    return found[0] if found else address


def checks(_target: ManagedServer) -> Iterator[ServiceCheck]:
    yield ServiceCheck("ssh", "systemctl --quiet is-active ssh ssh.socket")
    yield ServiceCheck(FIREWALL, "nft list table inet slipway >/dev/null")
