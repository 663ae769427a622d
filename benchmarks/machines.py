"""`make bench-cloud`: what Slipway adds to a machine's own time, and to the best order of builds.

Runs on the test cloud, beside a bare machine and Buildbot's own OpenStack worker in the same run.
Prints medians and ratios and asserts nothing: the figures belong to the machine they were seen on.
"""

import re
import statistics
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from heapq import heapreplace
from pathlib import Path
from typing import Any

from openstack.connection import Connection
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks import clock, stock
from tests.cloud.faults import Call
from tests.cloud.fixture import Cloud, shared
from tests.cloud.master import MACHINES, Master
from tests.cloud.ports import free_ports
from tests.whole.line import until

ROUNDS = 5
BUILDS, QUOTA = 50, 10
WORK_SECONDS = 20
"""Longer than a boot: with less, two cores boot all the time and no order matters."""
SPAN_SECONDS = 900
MANY = f"machines = {BUILDS}"
NOW = "date +%s.%N"
STAMP = r"^(\S+ \S+)\+0000 \[[^]]*\] machine "
console = Console()


def empty(there: Connection) -> None:
    until(lambda: not list(there.compute.servers()), "an empty project", 300)


def clear(cloud: Cloud, project: str) -> None:
    """Delete what a master left that was stopped while it made a machine: nobody will sweep it."""
    there: Any = cloud.connect(project)
    for server in there.compute.servers():
        there.compute.delete_server(server, ignore_missing=True)
    empty(there)


def ended(master: Master, there: Connection) -> None:
    """Wait until all of a master's machines have gone and it has seen that."""
    empty(there)
    until(lambda: master.log.count(" boots: ") == master.log.count(" is gone\n"), "their end")


def bare(cloud: Cloud, there: Connection) -> float:
    """Seconds from a create_server() to an SSH server's answer, with nothing of ours."""

    def answers() -> bool:
        knock = ("bash", "-c", "</dev/tcp/127.0.0.1/22")
        with suppress(ProcessLookupError):  # its first process is not there yet
            running = bool(cloud.machine(server.id).process)
            return running and cloud.inside(server.id, *knock).returncode == 0
        return False

    image, flavor, network = stock.parts(cloud, there)
    began = time.time()
    server = there.compute.create_server(
        name="bare", image_id=image, flavor_id=flavor, networks=[{"uuid": network}]
    )
    until(answers, "its SSH server")
    took = time.time() - began
    there.compute.delete_server(server, force=True)
    empty(there)
    return took


def first_step(master: Master) -> float:
    """Seconds from the press to the first command of the build."""
    pressed = time.time()
    build = master.finished(master.build(NOW))
    return float(master.printed(build)) - pressed


@contextmanager
def running(master: type[Master], cloud: Cloud, project: str, **how: Any) -> Iterator[Master]:
    with tempfile.TemporaryDirectory() as folder:
        www, pb = free_ports(2)
        cloud.relay(pb)
        begun = master(cloud, Path(folder), www, pb, project=project, **how)
        try:
            begun.start()
            yield begun
        finally:
            begun.stop()
            clear(cloud, project)


@dataclass(frozen=True)
class Boots:
    """Builds on a machine of their own, one after the other."""

    seconds: float
    """Until the first command, median."""
    calls: int
    """Of the API, for the last of them, from the press until its machine has gone."""
    still: float
    """The longest that the reactor stood still in each, median."""


def boots(master: Master, there: Connection) -> Boots:
    first_step(master)
    found, still = [], []
    for _ in track(range(ROUNDS), "machines made for a build", console=console):
        ended(master, there)
        before, logged = len(master.cloud.calls()), len(master.log)
        found.append(first_step(master))
        ended(master, there)
        still.append(clock.longest(master.log[logged:]))
    calls = [call for call in master.cloud.calls()[before:] if not listing(call)]
    return Boots(statistics.median(found), len(calls), statistics.median(still))


def listing(call: Call) -> bool:
    """Whether a call lists all machines, as our sweep does every 15 s, and this benchmark."""
    return call.path.endswith("/servers/detail")


def warm(master: Master) -> float:
    """Seconds until the first command of a build whose machine waits already, median."""
    found = []
    for number in track(range(ROUNDS), "machines that wait", console=console):
        made = f"{number + 1} machines"
        until(lambda: master.log.count(" ready in ") > number, made)  # noqa: B023  # at once
        found.append(first_step(master))
    return statistics.median(found)


@contextmanager
def limited(cloud: Cloud, project: str) -> Iterator[None]:
    """A quota of so many machines, and afterwards the one that was there before."""
    admin: Any = cloud.connect("admin")
    before = admin.get_compute_quotas(admin.identity.find_project(project).id).instances
    cloud.quota(project, instances=QUOTA)
    try:
        yield
    finally:
        cloud.quota(project, instances=before)


@dataclass(frozen=True)
class Span:
    """Many builds under a quota, and the same in the best order."""

    took: float
    ideal: float
    requests: int
    """For a machine, the refused ones included."""


def makespan(master: Master, there: Connection) -> Span:
    """From the first press to the end of the last build.

    The best order has as many places as the quota allows. Each takes the next build as soon as its
    last machine has gone, at no cost. How long a place is taken is this run's own: the boot of that
    very machine, from Nova's answer to its worker's call, with as much going on beside it; the
    build's command; and the median end of a machine when there is no other. So what we add counts
    against us: late deletes, late looks, pauses of those who wait, places that are empty meanwhile.
    """
    end = alone(master, there)
    logged = len(master.log)
    began = time.time()
    requests = [master.build(f"sleep {WORK_SECONDS}") for _ in range(BUILDS)]
    for request in track(requests, "builds under a quota", console=console):
        master.finished(request, SPAN_SECONDS)
    took = time.time() - began
    ended(master, there)
    log = master.log[logged:]
    taken = [boot + WORK_SECONDS + end for boot in boot_seconds(log)]
    # The last build's machine may end after the build.
    return Span(took, best(taken, QUOTA) - end, log.count("asks "))


def alone(master: Master, there: Connection) -> float:
    """Seconds that a machine's end takes, from the build's to Nova's word, when there is one."""
    found = []
    for _ in range(ROUNDS):
        first_step(master)
        began = time.time()
        empty(there)
        found.append(time.time() - began)
        ended(master, there)
    return statistics.median(found)


def boot_seconds(log: str) -> list[float]:
    """From Nova's answer to the worker's call, of each machine in a log, oldest first."""
    began = times(log, r"(\S+) boots: \S+$")
    ready = times(log, r"(\S+) ready in .*$")
    return [(ready[name] - at).total_seconds() for name, at in began.items()]


def times(log: str, line: str) -> dict[str, datetime]:
    return {
        name: datetime.fromisoformat(stamp) for stamp, name in re.findall(STAMP + line, log, re.M)
    }


def best(lengths: list[float], places: int) -> float:
    """When all have ended if each begins, in this order, at the first place that is free."""
    free = [0.0] * places
    for length in lengths:
        heapreplace(free, free[0] + length)
    return max(free)


def table(rows: list[tuple[str, float, str, str, str]]) -> Table:
    shown = Table(
        "what", "seconds, median", "beyond a bare machine", "calls", "reactor stood still"
    )
    for name, seconds, *more in rows:
        shown.add_row(name, f"{seconds:.2f}", *more)
    return shown


def of_boots(name: str, found: Boots, floor: float) -> tuple[str, float, str, str, str]:
    beyond = f"{found.seconds - floor:+.2f}"
    return name, found.seconds, beyond, str(found.calls), f"{found.still:.2f} s"


def measure(cloud: Cloud, project: str) -> None:
    there: Any = cloud.connect(project)
    watched = {"workers": MACHINES + clock.ADDED}
    compared = {"workers": stock.WORKERS + clock.ADDED, "programs": stock.VENV / "bin"}
    bare(cloud, there)
    floor = statistics.median([bare(cloud, there) for _ in range(ROUNDS)])
    with running(Master, cloud, project, **watched) as master:
        own = boots(master, there)
    with running(stock.Stock, cloud, project, **compared) as master:
        other = boots(master, there)
    with running(Master, cloud, project, lane="machines = 2\nready = 1\n") as master:
        waiting = warm(master)
    rows = [
        ("bare machine, until SSH answers", floor, "", "", ""),
        of_boots("build, until its first command", own, floor),
        of_boots("the same with Buildbot's OpenStackLatentWorker", other, floor),
        ("build whose machine waits", waiting, "", "", ""),
    ]
    console.print(table(rows))
    with limited(cloud, project), running(Master, cloud, project, lane=MANY) as master:
        span = makespan(master, there)
    console.print(
        f"{BUILDS} builds of {WORK_SECONDS} s under a quota of {QUOTA}: {span.took:.0f} s, "
        f"{span.took / span.ideal:.2f} times the best order; {span.requests} requests for a machine"
    )


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--project", default="sandbox", help="whose machines: they must be ours")
    given = parser.parse_args()
    stock.install()
    with shared() as cloud:
        measure(cloud, given.project)


if __name__ == "__main__":
    main()
