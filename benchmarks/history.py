"""`make bench-history`: what the Releases page costs a master that has deployed for years.

    python -m benchmarks.history [DEPLOYMENTS]

A master with sixty components, whose ledger is written into its database as rows. For each answer
it prints its size, the time until the browser has it, and the longest time for which the reactor
did nothing else, the first time and in the median. Then a crawler asks for the whole history, and
meanwhile Buildbot asks its own database. Prints figures and asserts nothing.
"""

import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from buildbot.config.builder import BuilderConfig
from buildbot.config.master import MasterConfig
from buildbot.master import BuildMaster
from buildbot.process.factory import BuildFactory
from buildbot.process.results import FAILURE
from buildbot.schedulers.forcesched import ForceScheduler
from buildbot.util.twisted import async_to_deferred
from buildbot.worker.base import Worker
from rich.console import Console
from rich.table import Table
from twisted.internet import reactor as twisted_reactor
from twisted.internet.task import LoopingCall
from twisted.internet.threads import blockingCallFromThread, deferToThread
from twisted.python import log

from model.site import Site
from releases.history import Action
from releases.ledger import Build, database
from releases.store import Store
from tests.releases.ledger_rows import write_builds
from tests.releases.ledgers import SITE, build, component
from web.endpoints import PAGE, ReleasesPage

reactor: Any = twisted_reactor
DEPLOYMENTS = 24_000
COMPONENTS = 60
DAYS = 700
ROUNDS = 5
TICK = 0.002
"""Seconds between two looks at the clock by the reactor."""
CRAWL_SECONDS = 10
CRAWL_RATE = 30
"""Requests in a second."""
BUILDBOT_S: dict[str, Any] = {
    "workername": "w",
    "scheduler": "s",
    "project": "",
    "buildername": "b",
    "branch": "",
}
"""Some of the properties that Buildbot adds to each build."""
BLOCKED = ("blocked first", "blocked", "if unchanged")
ASKED = ("board.json", "history.json", "history.json?component=component-07", "figures.json")
console = Console(width=110)


def site() -> Site:
    components = tuple(component(f"component-{n:02}") for n in range(COMPONENTS))
    return SITE.model_copy(update={"order": (), "components": components})


def builds(site: Site, deployments: int) -> Iterator[Build]:
    """Green builds, their deployments to staging and their promotions, some of which failed."""
    turns = deployments // (len(site.components) * len(site.environments))
    first = datetime.now(UTC) - timedelta(days=DAYS)
    for turn in range(turns):
        start = first + timedelta(days=DAYS) * turn / turns
        for at, one in enumerate(site.components):
            digest = f"{at:032x}{turn:032x}"
            begun = start + timedelta(seconds=at)
            yield build(turn + 1, one.builder, start=begun, recorded=digest, **BUILDBOT_S)
            for environment in site.environments:
                action = Action.PROMOTE if environment.promotes_from else Action.DEPLOY
                failed = (turn + at) % 10 == 0
                yield build(
                    turn + 1,
                    environment.builder(one),
                    start=begun + timedelta(minutes=10),
                    results=FAILURE if failed else 0,
                    live=None if failed else digest,
                    action=action.value,
                    release="1.0",
                    **BUILDBOT_S,
                )


def configuration(site: Site, folder: Path) -> dict[str, Any]:
    names = [c.builder for c in site.components]
    names += [e.builder(c) for e in site.environments for c in site.components]
    return {
        "builders": [
            BuilderConfig(name=name, workernames=["absent"], factory=BuildFactory())
            for name in names
        ],
        "buildbotNetUsageData": None,
        "buildbotURL": "http://localhost/",
        "db": database(f"sqlite:///{folder}/state.sqlite"),
        "protocols": {"null": {}},
        "schedulers": [ForceScheduler(name="force", builderNames=names)],
        "services": [ReleasesPage(site, Store(folder=folder))],
        "workers": [Worker("absent", "x")],
        "www": {"port": "tcp:0:interface=127.0.0.1", "plugins": {PAGE: {}}},
    }


class Loader:
    """Buildbot's `FileLoader`, for a configuration that is no file."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.values = configuration(site, folder)

    def loadConfig(self) -> MasterConfig:
        return MasterConfig.loadFromDict(self.values, "history.py")


class ReactorClock:
    """The longest time for which the reactor did something else than look at the clock."""

    def __init__(self) -> None:
        self.last = time.perf_counter()
        self.longest = 0.0
        LoopingCall(self.look).start(TICK)

    def look(self) -> None:
        now = time.perf_counter()
        self.longest = max(self.longest, now - self.last - TICK)
        self.last = now

    def during(self, work: Callable[[], Any]) -> tuple[Any, float]:
        """What some work in this thread returns, and the longest block meanwhile, in seconds."""
        blockingCallFromThread(reactor, setattr, self, "longest", 0.0)
        result = work()
        blockingCallFromThread(reactor, self.look)
        return result, self.longest


@async_to_deferred
async def start(folder: Path, deployments: int) -> None:
    one = site()
    loader = Loader(one, folder)
    master: Any = BuildMaster(str(folder), config_loader=loader)
    master.config.db = loader.loadConfig().db
    await master.db.setup(check_version=False)
    await master.db.model.upgrade()
    master.db.setup = lambda: None
    await master.startService()
    reactor.addSystemEventTrigger("before", "shutdown", master.stopService)
    rows = list(builds(one, deployments))
    names = {b.builder for b in rows}
    ids = {name: await master.data.updates.findBuilderId(name) for name in names}
    await master.db.pool.do(write_builds, master.db.model, rows, ids)
    del rows
    clock = ReactorClock()
    address = f"http://127.0.0.1:{master.www.getPortnum()}/plugins/{PAGE}/"
    await deferToThread(measure, master, clock, address)


def measure(master: Any, clock: ReactorClock, address: str) -> None:
    """Runs in a thread, as browsers do."""
    session = requests.Session()
    table = Table(title=f"{COMPONENTS} components, {master.db.pool.engine.name}; milliseconds")
    for heading in ("answer", "kB", "kB sent", "time", "again", *BLOCKED):
        table.add_column(heading, justify="left" if heading == "answer" else "right")
    for path in (
        "board.json",
        "history.json",
        "history.json?component=component-07",
        "figures.json",
    ):
        table.add_row(path, *answer_figures(master, clock, session, address + path))
    console.print(table)
    crawl(master, clock, address)


def answer_figures(
    master: Any, clock: ReactorClock, session: requests.Session, url: str
) -> list[str]:
    """Sizes and times of one answer; each round begins as if a build had ended."""
    times, blocks = [], []
    for _ in range(ROUNDS):
        blockingCallFromThread(reactor, end_build, master)
        response, blocked = clock.during(lambda: session.get(url, timeout=60))
        times.append(response.elapsed.total_seconds())
        blocks.append(blocked)
    with session.get(url, timeout=60, stream=True) as raw:
        sent = len(raw.raw.read(decode_content=False))
    headers = {"If-None-Match": raw.headers.get("etag", "none")}
    (again, _) = clock.during(lambda: session.get(url, timeout=60))
    same, blocked = clock.during(lambda: session.get(url, headers=headers, timeout=60))
    unchanged = f"{same.status_code}, {milliseconds(blocked)}"
    sizes = [f"{len(response.content) / 1000:.0f}", f"{sent / 1000:.0f}"]
    middle = milliseconds(statistics.median(times))
    again_time = milliseconds(again.elapsed.total_seconds())
    blocked_times = milliseconds(blocks[0]), milliseconds(statistics.median(blocks))
    return [*sizes, middle, again_time, *blocked_times, unchanged]


def end_build(master: Any) -> Any:
    """What Buildbot says when a build of the first component ends."""
    builder = master.botmaster.builders[site().components[0].builder]
    number = builder.getBuilderId()

    def say(identity: int) -> None:
        message = {"builderid": identity, "buildid": 1}
        for event in ("new", "finished"):
            master.mq.produce(("builds", "1", event), message)

    return number.addCallback(say)


def crawl(master: Any, clock: ReactorClock, address: str) -> None:
    """A crawler follows every link of the history; meanwhile Buildbot asks its own database."""
    stop = threading.Event()
    queries: list[float] = []

    def ask_database() -> None:
        while not stop.is_set():
            began = time.perf_counter()
            blockingCallFromThread(reactor, master.data.get, ("builds", 1))
            queries.append(time.perf_counter() - began)
            time.sleep(0.05)

    def request(number: int) -> int:
        url = f"{address}history.json?limit=200&older={100 * (number + 1)}"
        return requests.get(url, timeout=60).status_code

    def requests_at_rate() -> Counter[int]:
        with ThreadPoolExecutor(CRAWL_RATE * 4) as pool:
            began, waiting = time.perf_counter(), []
            for number in range(CRAWL_SECONDS * CRAWL_RATE):
                time.sleep(max(0, began + number / CRAWL_RATE - time.perf_counter()))
                waiting.append(pool.submit(request, number))
            return Counter(each.result() for each in waiting)

    watcher = threading.Thread(target=ask_database)
    watcher.start()
    statuses, blocked = clock.during(requests_at_rate)
    stop.set()
    watcher.join()
    slowest, middle = milliseconds(max(queries)), milliseconds(statistics.median(queries))
    console.print(
        f"a crawler with {CRAWL_RATE} requests in a second: answers {dict(statuses)}; "
        f"reactor blocked for {milliseconds(blocked)} ms at most; "
        f"a query of Buildbot's own takes {middle} ms, at most {slowest} ms"
    )


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f}"


def main() -> None:
    deployments = int(sys.argv[1]) if len(sys.argv) > 1 else DEPLOYMENTS
    with tempfile.TemporaryDirectory() as name:
        log.startLogging((Path(name) / "master.log").open("w"), setStdout=False)

        def finish(result: Any) -> None:
            if result is not None:
                print(result, file=sys.stderr)
            reactor.stop()

        reactor.callWhenRunning(lambda: start(Path(name), deployments).addBoth(finish))
        reactor.run()


if __name__ == "__main__":
    main()
