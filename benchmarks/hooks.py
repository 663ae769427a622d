"""`make bench-hooks`: how many webhooks a master of some components answers, and what else waits.

    python -m benchmarks.hooks [COMPONENTS]

Forges send signed pushes of followed repositories, of strangers, and forged ones, all at once, over
connections that stay open (with `http.client`: requests would need a core of its own). Meanwhile
somebody asks for a small page: its longest wait is the longest time for which the reactor did
something else. Prints figures and asserts nothing.
"""

import hashlib
import hmac
import json
import os
import statistics
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlsplit

import requests
from rich.console import Console
from rich.table import Table

from benchmarks.masters import installation, master, write_site
from local.layout import CHECKOUT, Layout
from model.forges import webhook_secret

SECONDS = 10
FORGES = 8
"""Connections at once."""
PADDING = 20_000
"""Bytes of a payload besides its repository: what GitHub sends of a push of some commits."""
SMALL_PAGE = "robots.txt"
"""Nothing is read from disk or database for it."""
COMPONENTS = 60
SETTLE = 5
"""Seconds after the start, in which the first polls end."""
console = Console(width=100)


@dataclass
class Flood:
    """What was answered during a flood."""

    seconds: list[float] = field(default_factory=list)
    """Of each hook."""
    statuses: set[int] = field(default_factory=set)
    waits: list[float] = field(default_factory=list)
    """Of the small page."""


def payload(repository: str) -> bytes:
    return json.dumps({"repository": {"clone_url": repository}, "commits": "x" * PADDING}).encode()


def headers(body: bytes, secret: bytes) -> dict[str, str]:
    signature = hmac.new(secret, body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-GitHub-Event": "push",
        "X-Hub-Signature-256": f"sha256={signature}",
    }


def send(url: str, body: bytes, signed: dict[str, str], flood: Flood, stop: Event) -> None:
    """Send one hook after the other over one connection."""
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=60)) as connection:
        while not stop.is_set():
            began = time.perf_counter()
            connection.request("POST", "/change_hook/github", body, signed)
            response = connection.getresponse()
            response.read()
            flood.seconds.append(time.perf_counter() - began)
            flood.statuses.add(response.status)


def look(url: str, flood: Flood, stop: Event) -> None:
    """Ask for the small page all the time."""
    with requests.Session() as session:
        session.trust_env = False
        while not stop.wait(0.01):
            began = time.perf_counter()
            session.get(f"{url}{SMALL_PAGE}", timeout=60)
            flood.waits.append(time.perf_counter() - began)


def measured(url: str, body: bytes, signed: dict[str, str], forges: int) -> Flood:
    """A flood of one hook, from some connections."""
    flood, stop = Flood(), Event()
    forge = [Thread(target=send, args=(url, body, signed, flood, stop)) for _ in range(forges)]
    running = [*forge, Thread(target=look, args=(url, flood, stop))]
    for thread in running:
        thread.start()
    time.sleep(SECONDS)
    stop.set()
    for thread in running:
        thread.join()
    return flood


def figures(layout: Layout, folder: Path) -> dict[str, Flood]:
    """By what was sent: its flood."""
    url = f"http://127.0.0.1:{layout.http_port}/"
    secret = (layout.secrets / webhook_secret("github")).read_bytes().strip()
    followed = payload(f"file://{folder}/component-0000.git")
    stranger = payload("https://git.example.org/stranger.git")
    return {
        "no hooks": measured(url, b"", {}, 0),
        "of a followed repository": measured(url, followed, headers(followed, secret), FORGES),
        "of a stranger's": measured(url, stranger, headers(stranger, secret), FORGES),
        "forged": measured(url, followed, headers(followed, b"guessed"), FORGES),
    }


def row(flood: Flood) -> tuple[str, ...]:
    def milliseconds(seconds: float) -> str:
        return f"{seconds * 1000:.0f} ms"

    answered = flood.seconds or [0.0]
    return (
        ", ".join(map(str, sorted(flood.statuses))),
        f"{len(flood.seconds) / SECONDS:.0f}",
        milliseconds(statistics.median(answered)),
        milliseconds(sorted(answered)[len(answered) * 99 // 100]),
        milliseconds(max(answered)),
        milliseconds(statistics.median(flood.waits)),
        milliseconds(max(flood.waits)),
    )


def main() -> None:
    components = int(sys.argv[1]) if sys.argv[1:] else COMPONENTS
    with tempfile.TemporaryDirectory(dir=CHECKOUT / "var", prefix="bench-") as name:
        folder = Path(name)
        layout = installation(folder, write_site(folder, components))
        with master(layout):
            time.sleep(SETTLE)
            found = figures(layout, folder)
    table = Table(title=f"{components} components, {FORGES} connections, {os.cpu_count()} cores")
    table.add_column("webhooks")
    for head in ("answers", "a second", "median", "99 %", "longest", "another page", "its longest"):
        table.add_column(head, justify="right")
    for kind, flood in found.items():
        table.add_row(kind, *row(flood))
    console.print(table)


if __name__ == "__main__":
    main()
