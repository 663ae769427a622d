"""A change starts the builders that it concerns, each once."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import sqlalchemy as sa
from buildbot.changes.changes import Change
from buildbot.master import BuildMaster
from buildbot.schedulers.basic import AnyBranchScheduler
from buildbot.util.twisted import async_to_deferred
from sqlalchemy.engine import Connection
from twisted.internet.defer import DeferredLock

from releases import ledger
from schedulers.built_sources import Taken

Concerned = Callable[[Change], Sequence[str]]
"""From a change to the names of the builders that it concerns."""
TakenBy = Callable[[BuildMaster, str, Change], Awaitable[Taken]]
"""Whether a builder has taken a change already."""

ANSWERED = "answered"
"""The newest change that has been answered or postponed, by its id."""
POSTPONED = "postponed"
"""Pairs of a change's id and a builder, whose build must end first: it may be stopped."""


class ChangeScheduler(AnyBranchScheduler):
    """Answers each change once, also one recorded while the master started or before it was killed.

    Buildbot's own starts all of its builders for each change, and hears of none that is recorded
    while no scheduler is active.
    """

    build_ends: Any = None
    """What hears of each build that ends, while this is active."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.answering = DeferredLock()
        super().__init__(*args, **kwargs)

    def checkConfig(  # type: ignore[override]  # as Buildbot itself
        self,
        concerned: Concerned,  # noqa: ARG002  # nothing about a function can be checked
        taken: TakenBy | None = None,  # noqa: ARG002  # the same
        **kwargs: Any,
    ) -> None:
        super().checkConfig(**kwargs)

    @async_to_deferred
    async def reconfigService(  # type: ignore[override]  # as Buildbot itself
        self, concerned: Concerned, taken: TakenBy | None = None, **kwargs: Any
    ) -> None:
        self.concerned = concerned
        self.taken = taken
        await super().reconfigService(**kwargs)

    @async_to_deferred
    async def activate(self) -> None:
        await super().activate()
        if self.enabled:
            ends = ("builds", None, "finished")
            self.build_ends = await self.master.mq.startConsuming(self.got_end, ends)
            await self.answering.run(self.answer_postponed)
            await self.answering.run(self.answer_changes)

    @async_to_deferred
    async def deactivate(self) -> None:
        if self.build_ends:
            self.build_ends.stopConsuming()
            self.build_ends = None
        await super().deactivate()

    @async_to_deferred
    async def got_end(self, _key: Any, _build: Any) -> None:
        await self.answering.run(self.answer_postponed)

    @async_to_deferred
    async def gotChange(self, _change: Change, _important: bool) -> None:
        await self.answering.run(self.answer_changes)

    @async_to_deferred
    async def answer_changes(self) -> None:
        """Answer what was recorded since the last answer; of each branch only the newest."""
        answered = await self.getState(ANSWERED, None)
        for changeid in await ledger.read(self.master, newest_changes, answered):
            change = await self.read_change(changeid)
            await self.answer(change, self.concerned(change))
            await self.setState(ANSWERED, changeid)

    @async_to_deferred
    async def answer_postponed(self) -> None:
        """Answer again what waited for the end of a build; a build that still runs keeps it."""
        for pair in await self.getState(POSTPONED, []):
            if pair in await self.getState(POSTPONED, []):
                changeid, builder = pair
                await self.answer(await self.read_change(changeid), [builder])

    async def read_change(self, changeid: int) -> Change:
        stored = await self.master.db.changes.getChange(changeid)
        change: Any = Change.fromChdict(self.master, stored)  # a Deferred
        return await change  # type: ignore[no-any-return]  # the same

    async def answer(self, change: Change, builders: Sequence[str]) -> None:
        taken = {builder: await self.taken_by(builder, change) for builder in builders}
        # Not a renderable `builderNames`: that sees only the last change of the same revision.
        if needed := [builder for builder in builders if taken[builder] == Taken.NO]:
            await self.addBuildsetForChanges(
                reason=self.reason,
                changeids=[change.number],
                builderNames=needed,
                priority=self.priority,
            )
        await self.postpone(change, taken)

    async def taken_by(self, builder: str, change: Change) -> Taken:
        """Whether a builder has taken a change already, or is not concerned any more."""
        if builder not in self.concerned(change):
            return Taken.YES
        return await self.taken(self.master, builder, change) if self.taken else Taken.NO

    async def postpone(self, change: Change, taken: dict[str, Taken]) -> None:
        """Remember the builders that are undecided; a new request serves all that waited."""
        before = await self.getState(POSTPONED, [])
        kept = [
            [changeid, builder]
            for changeid, builder in before
            if taken.get(builder) != Taken.NO
            and (builder not in taken or changeid != change.number)
        ]
        undecided = [builder for builder in taken if taken[builder] == Taken.UNDECIDED]
        after = kept + [[change.number, builder] for builder in undecided]
        if after != before:
            await self.setState(POSTPONED, after)


def newest_changes(connection: Connection, tables: Any, after: int | None) -> list[int]:
    """The newest change of each branch or release after one, by id, in their order."""
    changes = tables.changes.c
    newest = (
        sa.select(sa.func.max(changes.changeid).label("newest"))
        .where(changes.changeid > (after or 0))
        .group_by(changes.repository, changes.category, changes.branch)
        .order_by("newest")
    )
    return [int(row.newest) for row in connection.execute(newest)]
