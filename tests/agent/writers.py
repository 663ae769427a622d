"""A visitor who writes all the time, and remembers what the site has acknowledged."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from threading import Event, Thread
from urllib.parse import urlencode

from tests.agent.server_fixture import ServerFixture


@dataclass
class Writes:
    """What a visitor sent, by how the site answered."""

    acknowledged: list[str] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    """The moments at which the edge answered 503 with Retry-After."""
    failed: list[str] = field(default_factory=list)
    """Other answers and broken connections: the visitor knows that nothing is certain."""

    @property
    def seconds_refused(self) -> float:
        """From the first refusal to the last one."""
        return self.refused[-1] - self.refused[0] if self.refused else 0.0


@contextmanager
def writing(server: ServerFixture, name: str) -> Iterator[Writes]:
    """Post one note after the other to the blog while the block runs, at least one before it."""
    writes, stop = Writes(), Event()
    begun = Event()
    thread = Thread(target=write, args=(server, name, writes, begun, stop))
    thread.start()
    try:
        assert begun.wait(30), writes
        yield writes
    finally:
        stop.set()
        thread.join()


def write(server: ServerFixture, name: str, writes: Writes, begun: Event, stop: Event) -> None:
    host = server.host("blog")
    for number in count():
        text = f"{name} {number}"
        connection = server.open_connection("blog")
        headers = {"Host": host, "Content-Type": "application/x-www-form-urlencoded"}
        try:
            connection.request("POST", "/", urlencode({"text": text}), headers)
            response = connection.getresponse()
            body = response.read()
        except Exception as error:
            writes.failed.append(f"{text}: {error!r}")
        else:
            if response.status == 200 and body == b"stored\n":
                writes.acknowledged.append(text)
            elif response.status == 503 and response.getheader("Retry-After"):
                writes.refused.append(time.monotonic())
            else:
                writes.failed.append(f"{text}: {response.status} {body!r}")
        finally:
            connection.close()
        begun.set()
        if stop.wait(0.003):
            return
