"""What every server has, whatever it is for."""

from collections.abc import Iterator

from roles import firewall
from roles.managed_server import UNITS, ManagedServer, ServiceCheck
from roles.operations import file, firewall_table, packages, service, switched_off

UPDATES = ("apt-daily.timer", "apt-daily-upgrade.timer")
"""They restart services at any moment, on all servers at once: a new image is the way."""
FIREWALL = "nftables"
FURTHER_TABLES = f"""\
[Service]
ExecStartPost=-/bin/sh -c 'for file in {firewall.FOLDER}/*.nft; do nft --file "$file"; done'
"""
"""At boot Debian's unit loads one file; this has it load the others too."""


def deploy(target: ManagedServer) -> None:
    switched_off(name="No updates at any moment", units=UPDATES)
    packages(name="Packages of every server", names=[FIREWALL])
    rules = file(firewall.BASE_FILE, firewall.input_table(target))
    further = file(UNITS / f"{FIREWALL}.service.d/slipway.conf", FURTHER_TABLES)
    service(name="Service nftables", unit=FIREWALL, reload=[further])
    firewall_table(
        name="The firewall's rules",
        table=firewall.BASE_TABLE,
        path=firewall.BASE_FILE,
        inputs=[rules],
    )


def checks(_target: ManagedServer) -> Iterator[ServiceCheck]:
    yield ServiceCheck("ssh", "systemctl --quiet is-active ssh ssh.socket")
    yield ServiceCheck(FIREWALL, f"nft list table inet {firewall.BASE_TABLE} >/dev/null")
