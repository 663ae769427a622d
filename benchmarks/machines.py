"""`make bench-cloud`: what Slipway adds to a machine's own time, and to the best order of builds.

Runs on the test cloud, beside a bare machine in the same run. Prints medians and ratios and
asserts nothing: the figures belong to the machine they were seen on.
"""

import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from openstack.connection import Connection
from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.cloud.fixture import Cloud, shared
from tests.cloud.master import Master
from tests.cloud.ports import free_ports
from tests.whole.line import until

ROUNDS = 5
BUILDS, QUOTA = 50, 10
WORK_SECONDS = 5
NOW = "date +%s.%N"
STAMP = r"^(\S+ \S+)\+0000 \[[^]]*\] machine "
console = Console()


def empty(staging: Connection) -> None:
    until(lambda: not list(staging.compute.servers()), "an empty project", 300)


def bare(cloud: Cloud, staging: Connection) -> float:
    """Seconds from a create_server() to an SSH server's answer, with nothing of ours."""

    def answers() -> bool:
        knock = ("bash", "-c", "</dev/tcp/127.0.0.1/22")
        with suppress(ProcessLookupError):  # its first process is not there yet
            running = bool(cloud.machine(server.id).process)
            return running and cloud.inside(server.id, *knock).returncode == 0
        return False

    image = staging.image.find_image(cloud.image("slipway-worker"), ignore_missing=False)
    flavor = staging.compute.find_flavor("small", ignore_missing=False)
    network = staging.network.find_network("internal", ignore_missing=False)
    began = time.time()
    server = staging.compute.create_server(
        name="bare", image_id=image.id, flavor_id=flavor.id, networks=[{"uuid": network.id}]
    )
    until(answers, "its SSH server")
    took = time.time() - began
    staging.compute.delete_server(server, force=True)
    empty(staging)
    return took


def first_step(master: Master) -> float:
    """Seconds from the press to the first command of the build."""
    pressed = time.time()
    build = master.finished(master.build(NOW))
    return float(master.printed(build)) - pressed


@contextmanager
def running(cloud: Cloud, lane: str) -> Iterator[Master]:
    with tempfile.TemporaryDirectory() as folder:
        www, pb = free_ports(2)
        cloud.relay(pb)
        master = Master(cloud, Path(folder), www, pb, lane=lane)
        try:
            master.start()
            yield master
        finally:
            master.stop()


def boots(cloud: Cloud, staging: Connection) -> tuple[list[float], int]:
    """Seconds of each build on a machine of its own, and the calls that the last one took."""
    with running(cloud, "machines = 1") as master:
        first_step(master)
        found = []
        for _ in track(range(ROUNDS), "machines made for a build", console=console):
            empty(staging)
            cloud.forget_calls()
            found.append(first_step(master))
        empty(staging)
        return found, sum(not call.path.endswith("/servers/detail") for call in cloud.calls())


def warm(cloud: Cloud) -> list[float]:
    """Seconds of each build whose machine waits already."""
    with running(cloud, "machines = 2\nready = 1\n") as master:
        found = []
        for number in track(range(ROUNDS), "machines that wait", console=console):
            made = f"{number + 1} machines"
            until(lambda: master.log.count(" ready in ") > number, made)  # noqa: B023  # at once
            found.append(first_step(master))
        return found


def makespan(cloud: Cloud, staging: Connection) -> tuple[float, float]:
    """Seconds for all builds, and those of the machines' own lives, one place after the other."""
    empty(staging)
    cloud.quota("staging", instances=QUOTA, cores=4 * QUOTA, ram=4096 * QUOTA)
    with running(cloud, f"machines = {BUILDS}") as master:
        began = time.time()
        requests = [master.build(f"sleep {WORK_SECONDS}") for _ in range(BUILDS)]
        for request in track(requests, "builds under a quota", console=console):
            master.finished(request, 1800)
        took = time.time() - began
        empty(staging)
        until(lambda: machine_lives(master.log), "the end of all machines")
        lives = machine_lives(master.log)
        return took, sum(lives) / QUOTA


def machine_lives(log: str) -> list[float]:
    """Seconds from Nova's id to the machine's end, of each in a log; none before all have gone."""
    began = times(log, STAMP + r"\S+ boots: (\S+)$")
    ended = times(log, STAMP + r"(\S+) of \S+ is gone$")
    if not began.keys() <= ended.keys():
        return []
    return [(ended[machine] - at).total_seconds() for machine, at in began.items()]


def times(log: str, line: str) -> dict[str, datetime]:
    return {
        machine: datetime.fromisoformat(stamp) for stamp, machine in re.findall(line, log, re.M)
    }


def table(rows: list[tuple[str, float, float | None]]) -> Table:
    shown = Table("what", "seconds, median", "beyond a bare machine")
    for name, seconds, beyond in rows:
        shown.add_row(name, f"{seconds:.2f}", "" if beyond is None else f"{beyond:+.2f}")
    return shown


def rounds(what: Callable[[], float]) -> float:
    return statistics.median([what() for _ in range(ROUNDS + 1)][1:])


def main() -> None:
    with shared() as cloud:
        staging: Any = cloud.connect("staging")
        floor = rounds(lambda: bare(cloud, staging))
        made, calls = boots(cloud, staging)
        own, waiting = statistics.median(made), statistics.median(warm(cloud))
        console.print(
            table(
                [
                    ("bare machine, until SSH answers", floor, None),
                    ("build, until its first command", own, own - floor),
                    ("build whose machine waits", waiting, None),
                ]
            )
        )
        console.print(f"{calls} calls for a machine, from the build's wish to the machine's end")
        took, ideal = makespan(cloud, staging)
        console.print(
            f"{BUILDS} builds of {WORK_SECONDS} s under a quota of {QUOTA}: {took:.0f} s, "
            f"{took / ideal:.2f} times the machines' own lives in the best order"
        )


if __name__ == "__main__":
    main()
