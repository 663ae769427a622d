"""What every server has, whatever it is for."""

from collections.abc import Iterator

from roles.managed_server import ManagedServer, ServiceCheck
from roles.operations import switched_off

UPDATES = ("apt-daily.timer", "apt-daily-upgrade.timer")
"""They restart services at any moment, on all servers at once: a new image is the way."""


def deploy(_target: ManagedServer) -> None:
    switched_off(name="No updates at any moment", units=UPDATES)


def checks(_target: ManagedServer) -> Iterator[ServiceCheck]:
    yield ServiceCheck("ssh", "systemctl --quiet is-active ssh ssh.socket")
