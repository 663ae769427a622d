"""Whether a process of a release does its work: it is asked on its own socket."""

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from agent.component_directory import ComponentDirectory
from agent.failure import Failure
from agent.instances import Instance
from agent.pages import BySocket, asked
from agent.supervisor import Supervisor
from model.component import Service

WAITED = 30.0
"""Seconds that those are given who wait at the socket of a process that is to end."""

LINES = 3
"""How many lines of a log are told with a failure."""

SHOWN = 30
"""How many are shown to whoever reads on."""


@dataclass(frozen=True)
class Excerpt:
    """What is told of a log with a failure."""

    log: Path
    written: int
    """Its length in bytes before: what others wrote there is not told."""
    hidden: str | None
    """A secret that nobody else can hide; None where nothing of the log may be told."""

    @property
    def lines(self) -> list[str]:
        """What was written since, without empty lines."""
        if self.hidden is None or not self.log.exists():
            return []
        text = self.log.read_bytes()
        new = text[self.written :] if len(text) >= self.written else text
        said = new.decode(errors="replace")
        said = said.replace(self.hidden, "<password>") if self.hidden else said
        return [line for line in said.splitlines() if line.strip()]

    @property
    def ending(self) -> str:
        """The last lines, in one: not those of a stack, which are indented."""
        if self.hidden is None:
            return f"its log on the server is {self.log}"
        telling = [line for line in self.lines if line[0].isalnum()] or self.lines
        return f"its log ends: {' | '.join(telling[-LINES:])}" if telling else "it wrote nothing"


def wait(
    directory: ComponentDirectory,
    instance: Instance,
    service: Service,
    supervisor: Supervisor,
    log: Excerpt,
) -> None:
    """Ask until it is healthy; raises Failure when it dies or takes too long."""
    process = supervisor.pid(instance.name)
    limit = time.monotonic() + directory.server.patience
    while wrong := complaint(directory, instance, service, limit):
        died = not process or supervisor.pid(instance.name) != process
        if died or time.monotonic() > limit:
            print("\n".join(log.lines[-SHOWN:]), flush=True)
            named = f"service {service.name} of {directory.component}"
            how = "died" if died else "is not healthy"
            raise Failure(f"{named} {how}: {wrong}, expected 200; {log.ending}")
        time.sleep(0.05)


def complaint(
    directory: ComponentDirectory, instance: Instance, service: Service, limit: float
) -> str:
    """What it answered; empty when it is healthy."""
    context = directory.context()
    host = urlsplit(context.locations.get(service.name, context.url)).netloc
    patience = max(limit - time.monotonic(), 0.1)
    connection = BySocket(instance.socket, host, patience)
    try:
        answer = asked(connection, host, service.health, {"X-Forwarded-Proto": "https"})
    except ConnectionRefusedError:
        return f"GET {service.health} -> no answer: connection refused"
    except Failure as reason:
        return str(reason)
    return "" if answer.status == 200 else f"GET {service.health} -> {answer}"


def drain(instance: Instance) -> None:
    """Wait until all who were waiting at its socket have been let in: whoever asks last is last."""
    with suppress(Failure, ConnectionRefusedError):
        asked(BySocket(instance.socket, "localhost", WAITED), "localhost", "/")
