"""A change that a running build has taken is answered when that build ends: it may be stopped."""

from typing import Any

from buildbot.process.results import CANCELLED, EXCEPTION, FAILURE, RETRY, SUCCESS, WARNINGS
from buildbot.util.twisted import async_to_deferred
from twisted.internet import reactor
from twisted.internet.task import deferLater

from change_sources.change_key import FIRST, change_key
from schedulers import merge
from schedulers.changes import ANSWERED, POSTPONED, ChangeScheduler
from tests.schedulers.small_master import SmallMaster
from tests.schedulers.test_changes import BLOG, DOCS, LAST, THEME, site

OLD, NEW = "1" * 40, "2" * 40
SOURCE = {"codebase": "", "repository": "", "branch": None, "revision": None, "project": ""}
COMPONENTS = site(BLOG, DOCS, LAST)


class PostponedChanges(SmallMaster):
    """What is requested for BLOG when its upstream changes during a build."""

    scheduler: ChangeScheduler

    def configuration(self, *arguments: Any) -> dict[str, Any]:
        return super().configuration(*arguments) | {"collapseRequests": False}

    async def start_merging(self, *, again: bool = False) -> None:
        self.scheduler = merge.scheduler(COMPONENTS)
        start = self.reconfigure if again else self.start
        await start(COMPONENTS, [self.scheduler])

    async def request(self) -> int:
        """Request a build; the request's id."""
        known = await self.master.data.get(("builders", BLOG.builder))
        _, requests = await self.master.data.updates.addBuildset(
            waited_for=False,
            reason="a test",
            sourcestamps=[SOURCE],
            builderids=[known["builderid"]],
        )
        return int(requests[known["builderid"]])

    async def begin(self, *commits: str) -> int:
        """Run a build that has taken these commits of its upstream; its id."""
        updates: Any = self.master.data.updates
        request = await self.request()
        await updates.claimBuildRequests([request])
        stored = await self.master.data.get(("buildrequests", request))
        (worker,) = await self.master.data.get(("workers",))
        build, _ = await updates.addBuild(stored["builderid"], request, worker["workerid"])
        materials = [
            {"repository": BLOG.upstream.repository, "release": "main", "commit": commit}
            for commit in commits
        ]
        await updates.setBuildProperty(build, "materials", materials, "a test")
        return int(build)

    async def end(self, build: int, results: int) -> None:
        await self.master.data.updates.finishBuild(build, results)
        await self.scheduler.answering.run(lambda: None)

    async def push(self, commit: str = NEW, repository: str = "", *, first: bool = False) -> None:
        """Report a head, and wait until the scheduler has seen it."""
        upstream, category = change_key(BLOG.upstream)
        change = await self.master.data.updates.addChange(
            author="Ana",
            files=[],
            branch="main",
            revision=commit,
            repository=repository or upstream,
            category=category,
            properties={FIRST: True} if first else {},
        )
        while await self.scheduler.getState(ANSWERED, None) != change:
            await deferLater(reactor, 0.01)

    async def waiting(self) -> int:
        """How many requests for BLOG wait."""
        requests = await self.master.data.get(("buildrequests",))
        known = await self.master.data.get(("builders", BLOG.builder))
        mine = [each for each in requests if each["builderid"] == known["builderid"]]
        return len([each for each in mine if not each["claimed"]])

    async def postponed(self) -> list[Any]:
        return list(await self.scheduler.getState(POSTPONED, []))

    @async_to_deferred
    async def test_a_build_that_ends_by_itself_answers_the_head_that_it_has_taken(self) -> None:
        await self.start_merging()
        for number, results in enumerate((SUCCESS, WARNINGS, FAILURE)):
            head = f"{number}" * 40
            build = await self.begin(head)
            await self.push(head)
            await self.end(build, results)
            assert await self.waiting() == 0
            assert await self.postponed() == []

    @async_to_deferred
    async def test_a_head_that_a_stopped_build_has_taken_is_built(self) -> None:
        await self.start_merging()
        for number, results in enumerate((CANCELLED, EXCEPTION), 1):
            build = await self.begin(NEW)
            await self.push()
            assert await self.waiting() == number - 1
            await self.end(build, results)
            assert await self.waiting() == number
            assert await self.postponed() == []

    @async_to_deferred
    async def test_a_build_that_is_repeated_is_waited_for_and_then_may_be_stopped(self) -> None:
        await self.start_merging()
        build = await self.begin(NEW)
        await self.push()
        await self.end(build, RETRY)
        assert await self.waiting() == 0
        await self.end(await self.begin(), CANCELLED)
        assert await self.waiting() == 1

    @async_to_deferred
    async def test_a_head_that_comes_before_a_build_takes_any_waits_for_what_it_takes(self) -> None:
        await self.start_merging()
        for number, taken in enumerate((NEW, OLD)):
            build = await self.begin()
            await self.push()
            await self.take(build, taken)
            assert await self.waiting() == 0
            await self.end(build, SUCCESS)
            assert await self.waiting() == number

    async def take(self, build: int, commit: str) -> None:
        material = {"repository": BLOG.upstream.repository, "release": "main", "commit": commit}
        await self.master.data.updates.setBuildProperty(build, "materials", [material], "a test")

    @async_to_deferred
    async def test_a_head_that_a_running_build_lacks_is_requested_at_once(self) -> None:
        await self.start_merging()
        build = await self.begin(OLD)
        await self.push()
        assert await self.waiting() == 1
        await self.end(build, SUCCESS)
        assert await self.waiting() == 1

    @async_to_deferred
    async def test_one_request_serves_all_that_waited_for_a_stopped_build(self) -> None:
        await self.start_merging()
        build = await self.begin(NEW)
        await self.push()
        await self.push(repository=THEME["repository"])
        assert (
            len([builder for _, builder in await self.postponed() if builder == BLOG.builder]) == 2
        )
        await self.end(build, CANCELLED)
        assert await self.waiting() == 1

    @async_to_deferred
    async def test_a_build_that_is_stopped_while_no_scheduler_is_active_loses_nothing(self) -> None:
        await self.start_merging()
        build = await self.begin(NEW)
        await self.push()
        await self.reconfigure(COMPONENTS, [])
        await self.master.data.updates.finishBuild(build, CANCELLED)
        await self.start_merging(again=True)
        assert await self.waiting() == 1

    @async_to_deferred
    async def test_a_first_head_whose_waiting_build_is_cancelled_is_built_at_the_next_end(
        self,
    ) -> None:
        await self.start_merging()
        first = await self.request()
        await self.push(first=True)
        assert await self.waiting() == 1
        updates: Any = self.master.data.updates
        await updates.claimBuildRequests([first])
        await updates.completeBuildRequests([first], CANCELLED)
        await self.end(await self.begin(), CANCELLED)
        assert await self.waiting() == 1
