"""`make bench-masters`: what a master of 5, 60 and 1000 components costs before anything is built.

    python -m benchmarks.masters [COMPONENTS ...]

Each site is made in a temporary folder. Its components have repositories of their own, which the
master polls, and no worker is connected. The first start asks for a build of each component; the
second one finds everything in its database. Prints figures and asserts nothing.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from rich.console import Console
from rich.table import Table

from local import secrets
from local.layout import CHECKOUT, Layout
from local.services import buildbot
from local.services.programs import twistd
from local.services.supervisord import environment
from model.site import Site, read_site

SIZES = (5, 60, 1000)
PATIENCE = 600
"""Seconds that a master may take to start."""
RUNNING = b"BuildMaster is running"
ASKED = ("api/v2/forceschedulers", "api/v2/builders", "plugins/releases/board.json")
"""What pages of the UI ask for when they are opened."""
console = Console(width=100)


@dataclass(frozen=True)
class Start:
    """One start of a master."""

    answers: float
    """Seconds until the API answers."""
    runs: float
    """Seconds until everything is configured and active."""
    processor: float
    """Seconds of processor time until then, its children's included: less noisy than the clock."""
    memory: float
    """Resident megabytes then."""


def write_site(folder: Path, components: int) -> Site:
    """Small components, each with a repository of its own, in staging and production."""
    upstream = folder / "upstream.git"
    git("init", "--quiet", "--initial-branch=main", str(folder / "work"))
    git("-C", str(folder / "work"), "commit", "--quiet", "--allow-empty", "--message=First")
    git("clone", "--quiet", "--bare", str(folder / "work"), str(upstream))
    files = {
        "site.toml": 'title = "Bench"\nreleasers = ["releaser"]\npoll_seconds = 3600\n',
        "environments/staging.toml": 'domain = "s.example"\nindexed = false\ntls = "internal"\n',
        "environments/production.toml": (
            'domain = "p.example"\nindexed = true\ntls = "internal"\npromotes_from = "staging"\n'
        ),
    }
    for number in range(components):
        name = f"component-{number:04}"
        repository = folder / f"{name}.git"
        repository.symlink_to(upstream)
        files[f"components/{name}/component.toml"] = (
            f'title = "{name}"\nruntime = "static"\nhost = "{name}"\n'
            f'[upstream]\nrepository = "file://{repository}"\nbranch = "main"\n'
        )
    for path, text in files.items():
        file = folder / "site" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return read_site(folder / "site")


def git(*arguments: str) -> None:
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")
    subprocess.run(("git", *identity, *arguments), check=True)


def installation(folder: Path, site: Site) -> Layout:
    """A master's folder, with a new database."""
    layout = Layout(folder / "run", site.folder, http_port=free(), worker_port=free())
    layout.home.mkdir(parents=True)
    secrets.create(site, layout)
    buildbot.write(site, layout, {})
    buildbot.upgrade(layout)
    return layout


def free() -> int:
    """A port at which nothing listens."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@contextmanager
def master(layout: Layout) -> Iterator[tuple[int, Start]]:
    """A started master; it is stopped in the end."""
    log = layout.state / "master.log"
    with log.open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            twistd(layout.master),
            cwd=layout.master,
            env=environment(layout),
            stdout=output,
            stderr=output,
        )
        try:
            answers = seconds_until(lambda: bool(answer(layout, "api/v2/masters")), began, process)
            runs = seconds_until(lambda: RUNNING in log.read_bytes(), began, process)
            yield process.pid, Start(answers, runs, processor(process.pid), memory(process.pid))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)


def seconds_until(
    condition: Callable[[], bool], began: float, process: subprocess.Popen[bytes]
) -> float:
    while not condition():
        if process.poll() is not None or time.perf_counter() - began > PATIENCE:
            sys.exit(f"the master does not start; its exit code is {process.returncode}")
        time.sleep(0.05)
    return time.perf_counter() - began


def answer(layout: Layout, path: str) -> requests.Response | None:
    try:
        found = requests.get(f"http://127.0.0.1:{layout.http_port}/{path}", timeout=PATIENCE)
    except requests.ConnectionError:
        return None
    return found if found.ok else None


def processor(pid: int) -> float:
    """https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: utime to cstime, in ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> float:
    """Resident megabytes of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1000


def size_and_seconds(layout: Layout, path: str) -> str:
    began = time.perf_counter()
    found = answer(layout, path)
    seconds = time.perf_counter() - began
    return f"{len(found.content) / 1000:.0f} kB in {seconds:.2f} s" if found else "no answer"


def checkconfig(layout: Layout) -> float:
    began = time.perf_counter()
    buildbot.check(layout)
    return time.perf_counter() - began


def measured(components: int) -> dict[str, str]:
    """The figures of one site, by what they are."""
    above = CHECKOUT / "var"
    with tempfile.TemporaryDirectory(dir=above, prefix="bench-") as name:
        folder = Path(name)
        layout = installation(folder, write_site(folder, components))
        loads = checkconfig(layout)
        with master(layout) as (_, first):
            pass
        with master(layout) as (pid, again):
            counted = {
                kind: len(found.json()[kind])
                for kind in ("schedulers", "builders", "changesources")
                if (found := answer(layout, f"api/v2/{kind}"))
            }
            answers = {path: size_and_seconds(layout, path) for path in ASKED}
            later = memory(pid)
    return {
        **{f"number of {kind}": str(count) for kind, count in counted.items()},
        "buildbot checkconfig": f"{loads:.1f} s",
        "first start: the API answers": f"{first.answers:.1f} s",
        "first start: all runs": f"{first.runs:.1f} s",
        "first start: processor time": f"{first.processor:.1f} s",
        "second start: the API answers": f"{again.answers:.1f} s",
        "second start: all runs": f"{again.runs:.1f} s",
        "second start: processor time": f"{again.processor:.1f} s",
        "memory after the first start": f"{first.memory:.0f} MB",
        "memory after the second start": f"{again.memory:.0f} MB",
        "memory after these answers": f"{later:.0f} MB",
        **answers,
    }


def main() -> None:
    sizes = [int(word) for word in sys.argv[1:]] or list(SIZES)
    found = {size: measured(size) for size in sizes}
    table = Table(title=f"Masters on {os.cpu_count()} cores, without a worker")
    table.add_column("components")
    for size in sizes:
        table.add_column(str(size), justify="right")
    for what in next(iter(found.values())):
        table.add_row(what, *(figures[what] for figures in found.values()))
    console.print(table)


if __name__ == "__main__":
    main()
