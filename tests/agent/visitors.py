"""Visitors who keep their connections open and never stop asking."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

from tests.agent.server_fixture import World


@dataclass
class Visits:
    """What visitors met: by kind of request, the release that answered; and what went wrong."""

    seen: set[tuple[str, str]] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)


KINDS = {"GET": ("GET", "/"), "POST": ("POST", "/"), "slow": ("POST", "/slow")}


@contextmanager
def visiting(world: World, component: str, *labels: str) -> Iterator[Visits]:
    """Have visitors of every kind at each host while the block runs."""
    visits, stop = Visits(), Event()
    kinds = [(label, kind) for label in labels for kind in KINDS]
    threads = [Thread(target=visit, args=(world, component, *k, visits, stop)) for k in kinds]
    for thread in threads:
        thread.start()
    try:
        yield visits
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def visit(world: World, component: str, label: str, kind: str, visits: Visits, stop: Event) -> None:
    method, path = KINDS[kind]
    connection = world.visitor(component, label)
    headers = {"Host": world.host(component, label)}
    while not stop.wait(0.01):
        try:
            connection.request(method, path, f"{kind} words" if method == "POST" else None, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        except Exception as reason:
            visits.failed.append(f"{kind} {label}: {reason!r}")
            connection.close()
            continue
        whole = re.match(r"(api \w+); salt \w+; body (.*); cwd", text)
        if answer.status != 200 or not whole or (method == "POST") != bool(whole[2]):
            visits.failed.append(f"{kind} {label}: {answer.status} {text}")
        else:
            visits.seen.add((kind, whole[1]))
    connection.close()
