"""Answers that everybody shares who asks for the same thing, and a limit for strangers.

An answer is computed once, however many wait for it, and kept until what it depends on changes. So
a board in many tabs costs what one costs. Only what nobody has computed yet takes the master's
time, and of that a stranger's crawler gets little: of each kind of answer two are computed for
strangers at once, some more wait, and the rest is refused.
"""

import gzip
import hashlib
from collections import Counter
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from twisted.internet import reactor as twisted_reactor
from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure

reactor: Any = twisted_reactor
STRANGERS = 2
"""Answers of one kind that are computed at once for people who have not logged in."""
WAITING = 8
"""Answers of one kind that strangers wait for, those being computed included."""
KEPT = 100
"""Answers in memory."""
RETRY_SECONDS = 2
"""When somebody who was refused may ask again."""

Query = dict[str, str]
Key = Hashable


class TooManyRequests(Exception):
    """Strangers wait for too many answers of one kind."""


@dataclass(frozen=True)
class Endpoint:
    """Where one kind of answer comes from, and how long an answer is given to everybody."""

    compute: Callable[[Query], Coroutine[Any, Any, Any]]
    parameters: tuple[str, ...] = ()
    """The parts of a query that it knows; the others are ignored."""
    version: Callable[[], Hashable] = lambda: None
    """What it depends on: when this has changed, the answer is computed again."""
    seconds: float = 1.0
    """When an answer is this old, it is computed again too."""
    identity: Callable[[Any], Any] = lambda body: body
    """The part of an answer by which a browser knows that it has the same one already."""


@dataclass(frozen=True)
class Answer:
    """An answer as bytes."""

    body: bytes
    compressed: bytes
    """The same, by gzip."""
    etag: bytes
    """Weak, because two answers with the same may differ in the moment that they name."""


@dataclass(frozen=True)
class KeptAnswer:
    """An answer, what it was computed from, and when, by the reactor's clock."""

    answer: Answer
    version: Hashable
    computed: float

    @property
    def age(self) -> float:
        return float(reactor.seconds() - self.computed)


class SharedAnswers:
    """The answers that were computed last, and those that are being computed."""

    def __init__(self) -> None:
        self.kept: dict[Key, KeptAnswer] = {}
        """The last one at the end."""
        self.waiters: dict[Key, list[Deferred[Answer]]] = {}
        self.strangers: Counter[str] = Counter()
        """Answers that strangers wait for, by their kind."""
        self.limits: dict[str, DeferredSemaphore] = {}

    def get(
        self, name: str, endpoint: Endpoint, query: Query, *, is_stranger: bool
    ) -> "Deferred[Answer]":
        """An answer, computed if it must be; raises TooManyRequests at once."""
        known = {key: query[key] for key in endpoint.parameters if key in query}
        key, version = (name, *sorted(known.items())), endpoint.version()
        waiter: Deferred[Answer] = Deferred()
        kept = self.kept.get(key)
        if kept and kept.version == version and kept.age < endpoint.seconds:
            waiter.callback(kept.answer)
            return waiter
        waiters = self.waiters.get((key, version))
        if waiters is not None:
            waiters.append(waiter)
            return waiter
        if is_stranger and self.strangers[name] >= WAITING:
            raise TooManyRequests("too many people ask for this now")
        self.waiters[key, version] = [waiter]
        computing = self.start(name, endpoint, known, is_stranger=is_stranger)
        computing.addCallback(self.keep, key, version, endpoint)
        computing.addBoth(self.tell, (key, version))
        return waiter

    def start(
        self, name: str, endpoint: Endpoint, query: Query, *, is_stranger: bool
    ) -> "Deferred[Answer]":
        def compute() -> "Deferred[Answer]":
            return Deferred.fromCoroutine(compute_answer(endpoint, query))

        if not is_stranger:
            return compute()
        self.strangers[name] += 1
        limit = self.limits.setdefault(name, DeferredSemaphore(STRANGERS))
        return limit.run(compute).addBoth(self.stop_waiting, name)

    def stop_waiting(self, result: Any, name: str) -> Any:
        self.strangers[name] -= 1
        return result

    def keep(self, answer: Answer, key: Key, version: Hashable, endpoint: Endpoint) -> Answer:
        """Keep an answer, unless what it depends on has changed while it was computed."""
        if version != endpoint.version():
            return answer
        self.kept.pop(key, None)
        self.kept[key] = KeptAnswer(answer, version, reactor.seconds())
        if len(self.kept) > KEPT:
            del self.kept[next(iter(self.kept))]
        return answer

    def tell(self, result: Answer | Failure, key: Key) -> None:
        """Give everybody who waits the answer, or the failure."""
        for waiter in self.waiters.pop(key):
            if isinstance(result, Failure):
                waiter.errback(result)
            else:
                waiter.callback(result)


async def compute_answer(endpoint: Endpoint, query: Query) -> Answer:
    body = await endpoint.compute(query)
    answer: Answer = await deferToThread(encode, body, endpoint.identity)
    return answer


def encode(body: Any, identity: Callable[[Any], Any]) -> Answer:
    """Runs in a thread: a large answer takes some milliseconds."""
    dump = TypeAdapter(Any).dump_json
    text = dump(body)
    digest = hashlib.sha256(dump(identity(body))).hexdigest()[:32]
    return Answer(text, gzip.compress(text, compresslevel=6, mtime=0), f'W/"{digest}"'.encode())
