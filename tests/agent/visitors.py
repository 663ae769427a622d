"""Visitors who keep their connections open and send requests all the time."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

from tests.agent.server_fixture import ServerFixture


@dataclass
class Visits:
    """The kinds of requests with the releases that answered them, and the errors."""

    seen: set[tuple[str, str]] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)


KINDS = {"GET": ("GET", "/"), "POST": ("POST", "/"), "slow": ("POST", "/slow")}


@contextmanager
def visiting(server: ServerFixture, component: str, *labels: str) -> Iterator[Visits]:
    """Send requests of every kind to each host while the block runs."""
    visits, stop = Visits(), Event()
    kinds = [(label, kind) for label in labels for kind in KINDS]
    threads = [Thread(target=visit, args=(server, component, *k, visits, stop)) for k in kinds]
    for thread in threads:
        thread.start()
    try:
        yield visits
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def visit(
    server: ServerFixture, component: str, label: str, kind: str, visits: Visits, stop: Event
) -> None:
    method, path = KINDS[kind]
    connection = server.open_connection(component, label)
    headers = {"Host": server.host(component, label)}
    while not stop.wait(0.01):
        try:
            connection.request(method, path, f"{kind} words" if method == "POST" else None, headers)
            response = connection.getresponse()
            text = response.read().decode()
        except Exception as reason:
            visits.failed.append(f"{kind} {label}: {reason!r}")
            connection.close()
            continue
        whole = re.match(r"(api \w+); salt \w+; body (.*); cwd", text)
        if response.status != 200 or not whole or (method == "POST") != bool(whole[2]):
            visits.failed.append(f"{kind} {label}: {response.status} {text}")
        else:
            visits.seen.add((kind, whole[1]))
    connection.close()
