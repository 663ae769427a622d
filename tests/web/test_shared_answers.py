"""Who waits for an answer, who shares one, and who is refused."""

from collections import Counter
from typing import Any

import pytest
from buildbot.util.twisted import async_to_deferred
from treq import collect
from twisted.internet import reactor as twisted_reactor
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase
from twisted.web.client import Agent
from twisted.web.server import Site

from web.json_resource import JsonResource
from web.shared_answers import (
    KEPT,
    RETRY_SECONDS,
    STRANGERS,
    WAITING,
    Answer,
    Endpoint,
    SharedAnswers,
    TooManyRequests,
)

reactor: Any = twisted_reactor


class Source:
    """Computes an answer when a test says so."""

    def __init__(self) -> None:
        self.version = 0
        self.open: list[tuple[dict[str, str], Deferred[Any]]] = []
        self.count = 0

    async def compute(self, query: dict[str, str]) -> Any:
        self.count += 1
        waiting: Deferred[Any] = Deferred()
        self.open.append((query, waiting))
        return await waiting

    async def finish(self, *answers: "Deferred[Any]") -> list[Any]:
        """Finish what is being computed, and what that makes room for, until these are there."""
        done = DeferredList(answers, fireOnOneErrback=True)
        while not done.called:
            while self.open:
                query, waiting = self.open.pop(0)
                waiting.callback({"query": query, "count": self.count})
            await deferLater(reactor, 0.001)
        return [answer for _, answer in await done]


class Sharing(TestCase):
    """People who ask for answers."""

    def setUp(self) -> None:
        self.source = Source()
        self.answers = SharedAnswers()
        self.endpoint = Endpoint(
            self.source.compute, ("page",), version=lambda: self.source.version, seconds=60
        )

    def get(self, *, is_stranger: bool = True, **query: str) -> "Deferred[Answer]":
        return self.answers.get("history", self.endpoint, query, is_stranger=is_stranger)

    def fill(self) -> "list[Deferred[Answer]]":
        """As many strangers as may wait, each for a page of its own."""
        return [self.get(page=str(n)) for n in range(WAITING)]

    @async_to_deferred
    async def test_all_who_wait_for_the_same_are_given_one_answer(self) -> None:
        waiting = [self.get(page="1", random=str(n)) for n in range(100)]
        given = await self.source.finish(*waiting)
        assert self.source.count == 1
        assert {id(answer) for answer in given} == {id(given[0])}

    @async_to_deferred
    async def test_an_answer_is_kept_until_what_it_depends_on_changes(self) -> None:
        for expected in (1, 1, 2):
            self.source.version = expected
            await self.source.finish(self.get())
            assert self.source.count == expected

    @async_to_deferred
    async def test_what_changes_while_an_answer_is_computed_is_not_missed(self) -> None:
        first = self.get()
        self.source.version += 1
        second = self.get()
        await self.source.finish(first, second)
        assert self.source.count == 2
        await self.get()
        assert self.source.count == 2

    @async_to_deferred
    async def test_a_crowd_of_strangers_is_refused_and_computes_few_at_once(self) -> None:
        crowd = self.fill()
        assert len(self.source.open) == STRANGERS
        with pytest.raises(TooManyRequests):
            self.get(page="more")
        shared = self.get(page="0")
        await self.source.finish(*crowd, shared)
        assert self.source.count == len(crowd)
        await self.source.finish(self.get(page="more"))

    @async_to_deferred
    async def test_who_has_logged_in_does_not_wait_behind_strangers(self) -> None:
        crowd = self.fill()
        mine = self.get(page="mine", is_stranger=False)
        query, waiting = self.source.open.pop()
        assert query == {"page": "mine"}
        waiting.callback("mine")
        assert (await mine).body == b'"mine"'
        await self.source.finish(*crowd)

    @async_to_deferred
    async def test_a_failure_is_told_to_all_who_wait_and_is_not_kept(self) -> None:
        waiting = [self.get(), self.get()]
        self.source.open.pop()[1].errback(ZeroDivisionError())
        for each in waiting:
            with pytest.raises(ZeroDivisionError):
                await each
        await self.source.finish(self.get())
        assert self.source.count == 2

    @async_to_deferred
    async def test_only_the_last_answers_stay_in_memory(self) -> None:
        for n in range(KEPT + 5):
            await self.source.finish(self.get(page=str(n)))
        assert len(self.answers.kept) == KEPT
        await self.get(page=str(KEPT + 4))
        assert self.source.count == KEPT + 5


class Crawling(TestCase):
    """Strangers who ask by HTTP for more than the master computes for them."""

    @async_to_deferred
    async def test_who_is_refused_is_told_when_to_ask_again(self) -> None:
        source = Source()
        endpoint = Endpoint(source.compute, ("page",), seconds=60)
        resource = JsonResource("history", endpoint, SharedAnswers(), None)
        port = reactor.listenTCP(0, Site(resource), interface="127.0.0.1")
        agent = Agent(reactor)

        async def ask(page: int) -> Any:
            url = f"http://127.0.0.1:{port.getHost().port}/?page={page}"
            response = await agent.request(b"GET", url.encode())
            await collect(response, bytearray().extend)
            return response

        try:
            crowd = [Deferred.fromCoroutine(ask(page)) for page in range(3 * WAITING)]
            while sum(each.called for each in crowd) < 2 * WAITING:
                await deferLater(reactor, 0.001)
            responses = await source.finish(*crowd)
        finally:
            await port.stopListening()
        refused = next(each for each in responses if each.code == 429)
        assert refused.headers.getRawHeaders("retry-after") == [str(RETRY_SECONDS)]
        assert Counter(each.code for each in responses) == {200: WAITING, 429: 2 * WAITING}
