"""Whether a process of a release does its work: it is asked on its own socket."""

import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from hosts.failure import Failure
from hosts.instances import Instance
from hosts.pages import BySocket, asked
from hosts.place import Place
from hosts.supervisor import Supervisor
from model.component import Service

WAITED = 30.0
"""Seconds that those are given who wait at the socket of a process that is to end."""

LINES = 3
"""How many lines of a log are told with a failure."""

SHOWN = 30
"""How many are shown to whoever reads on."""


def wait(
    place: Place, instance: Instance, service: Service, supervisor: Supervisor, written: int
) -> None:
    """Ask until it is healthy; raises Failure when it dies or takes too long.

    `written` is the length of the log before: what others wrote there is not told.
    """
    process = supervisor.process(instance.name)
    limit = time.monotonic() + place.server.patience
    while wrong := complaint(place, instance, service, limit):
        died = not process or supervisor.process(instance.name) != process
        if died or time.monotonic() > limit:
            print("\n".join(added(instance.log, written)[-SHOWN:]), flush=True)
            named = f"service {service.name} of {place.component}"
            how = "died" if died else "is not healthy"
            last_words = ending(instance.log, written)
            raise Failure(f"{named} {how}: {wrong}, expected 200; {last_words}")
        time.sleep(0.05)


def complaint(place: Place, instance: Instance, service: Service, limit: float) -> str:
    """What it answered; empty when it is healthy."""
    order = place.order()
    host = urlsplit(order.locations.get(service.name, order.url)).netloc
    patience = max(limit - time.monotonic(), 0.1)
    connection = BySocket(instance.socket, host, patience)
    try:
        answer = asked(connection, host, service.health, {"X-Forwarded-Proto": "https"})
    except ConnectionRefusedError:
        return f"GET {service.health} -> no answer: connection refused"
    except Failure as reason:
        return str(reason)
    return "" if answer.status == 200 else f"GET {service.health} -> {answer}"


def ending(log: Path, written: int) -> str:
    """The last lines that were added to a log, in one: not those of a stack, which are indented."""
    lines = added(log, written)
    telling = [line for line in lines if line[0].isalnum()] or lines
    return f"its log ends: {' | '.join(telling[-LINES:])}" if lines else "it wrote nothing"


def added(log: Path, written: int) -> list[str]:
    """What stands in a log since it had `written` bytes, without empty lines."""
    text = log.read_bytes() if log.exists() else b""
    new = text[written:] if len(text) >= written else text
    return [line for line in new.decode(errors="replace").splitlines() if line.strip()]


def drain(instance: Instance) -> None:
    """Wait until all who were waiting at its socket have been let in: whoever asks last is last."""
    with suppress(Failure, ConnectionRefusedError):
        asked(BySocket(instance.socket, "localhost", WAITED), "localhost", "/")
