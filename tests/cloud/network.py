"""Networks as namespaces: one with a bridge for each Neutron network, one for each machine.

The bridge carries the gateway's address and nothing routes onwards, so that machines reach those of
their own network and, at the gateway, what the relay offers.
"""

import fcntl
import json
import math
import signal
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cloud.polling import wait_until
from local import stop
from tests.cloud.layout import Layout

RELAY = "169.254.169.254"
"""An address of the gateway which is the same in every network, so that images may name it."""


@dataclass(frozen=True)
class Interface:
    """A port of Neutron's, as a machine has it."""

    port: str
    network: str
    mac: str
    address: str
    prefix: int
    gateway: str | None


def ip(*arguments: str) -> str:
    """What iproute2 prints; raises CalledProcessError with what it said."""
    command = ("ip", *arguments)
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def namespaces() -> list[str]:
    """All of this host's, also those of others."""
    listing = subprocess.run(("ip", "netns", "list"), check=True, capture_output=True, text=True)
    return [line.split()[0] for line in listing.stdout.splitlines()]


def of_network(layout: Layout, network: str) -> str:
    """The namespace of a Neutron network."""
    return f"{layout.prefix}n-{network[:8]}"


def ensure(layout: Layout, interface: Interface) -> str:
    """The namespace of the interface's network, made when it is not there yet."""
    name = of_network(layout, interface.network)
    # Two machines may be the first of their network at the same time.
    with (layout.networks / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if name not in namespaces():
            make(layout, interface, name)
    return name


def make(layout: Layout, interface: Interface, name: str) -> None:
    ip("netns", "add", name)
    ip("-n", name, "link", "set", "lo", "up")
    ip("-n", name, "link", "add", "br0", "type", "bridge")
    ip("-n", name, "link", "set", "br0", "up")
    ip("-n", name, "address", "add", f"{RELAY}/32", "dev", "br0")
    if interface.gateway:
        gateway = f"{interface.gateway}/{interface.prefix}"
        ip("-n", name, "address", "add", gateway, "dev", "br0")
    record(layout.networks / f"{interface.network}.json", {"namespace": name})


def record(path: Path, values: Mapping[str, object]) -> None:
    """Write a file that the relay may read at any moment."""
    aside = path.with_suffix(".new")
    aside.write_text(json.dumps(values))
    aside.rename(path)


def plug(layout: Layout, namespace: str, interfaces: Iterable[Interface]) -> None:
    """Make a machine's namespace and connect it to its networks."""
    ip("netns", "add", namespace)
    ip("-n", namespace, "link", "set", "lo", "up")
    for number, interface in enumerate(interfaces):
        bridge = ensure(layout, interface)
        device, peer = f"eth{number}", f"p{interface.port[:11]}"
        pair = ("type", "veth", "peer", "name", device, "address", interface.mac)
        ip("-n", bridge, "link", "add", peer, *pair, "netns", namespace)
        ip("-n", bridge, "link", "set", peer, "master", "br0", "up")
        ip("-n", namespace, "link", "set", device, "up")
        address = f"{interface.address}/{interface.prefix}"
        ip("-n", namespace, "address", "add", address, "dev", device)
        if number == 0 and interface.gateway:
            ip("-n", namespace, "route", "add", "default", "via", interface.gateway)


def remove(namespace: str) -> None:
    """Forget a namespace, with all that is connected in it and whatever still runs there.

    A systemd that was starting when its nspawn was killed has been seen to go on.
    """
    if namespace in namespaces():

        def is_empty() -> bool:
            left = [int(pid) for pid in ip("netns", "pids", namespace).split()]
            stop.send_signal(signal.SIGKILL, left)
            return not left

        wait_until(is_empty, math.inf)
        ip("netns", "delete", namespace)
