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

Concerned = Callable[[Change], Sequence[str]]
"""From a change to the names of the builders that it concerns."""
IsBuilt = Callable[[BuildMaster, str, Change], Awaitable[bool]]
"""Whether a builder needs no build for a change, because it has taken it already."""

ANSWERED = "answered"
"""The newest change that has been answered, by its id."""


class ChangeScheduler(AnyBranchScheduler):
    """Answers each change once, also one recorded while the master started or before it was killed.

    Buildbot's own starts all of its builders for each change, and hears of none that is recorded
    while no scheduler is active.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.answering = DeferredLock()
        super().__init__(*args, **kwargs)

    def checkConfig(  # type: ignore[override]  # as Buildbot itself
        self,
        concerned: Concerned,  # noqa: ARG002  # nothing about a function can be checked
        is_built: IsBuilt | None = None,  # noqa: ARG002  # the same
        **kwargs: Any,
    ) -> None:
        super().checkConfig(**kwargs)

    @async_to_deferred
    async def reconfigService(  # type: ignore[override]  # as Buildbot itself
        self, concerned: Concerned, is_built: IsBuilt | None = None, **kwargs: Any
    ) -> None:
        self.concerned = concerned
        self.is_built = is_built
        await super().reconfigService(**kwargs)

    @async_to_deferred
    async def activate(self) -> None:
        await super().activate()
        if self.enabled:
            await self.answering.run(self.answer_changes)

    @async_to_deferred
    async def gotChange(self, _change: Change, _important: bool) -> None:
        await self.answering.run(self.answer_changes)

    @async_to_deferred
    async def answer_changes(self) -> None:
        """Answer what was recorded since the last answer; of each branch only the newest."""
        answered = await self.getState(ANSWERED, None)
        for changeid in await ledger.read(self.master, newest_changes, answered):
            stored = await self.master.db.changes.getChange(changeid)
            change: Any = Change.fromChdict(self.master, stored)  # a Deferred
            await self.answer(await change)
            await self.setState(ANSWERED, changeid)

    async def answer(self, change: Change) -> None:
        # Not a renderable `builderNames`: that sees only the last change of the same revision.
        builders = [name for name in self.concerned(change) if not await self.has(name, change)]
        if builders:
            await self.addBuildsetForChanges(
                reason=self.reason,
                changeids=[change.number],
                builderNames=builders,
                priority=self.priority,
            )

    async def has(self, builder: str, change: Change) -> bool:
        """Whether a builder has taken a change already."""
        return self.is_built is not None and await self.is_built(self.master, builder, change)


def newest_changes(connection: Connection, tables: Any, after: int | None) -> list[int]:
    """The newest change of each branch or release after one, by id, in their order.

    Before any answer, only the newest of each source: the database may be years old.
    """
    changes = tables.changes.c
    source = (changes.repository, changes.category)
    newest = (
        sa.select(sa.func.max(changes.changeid).label("newest"))
        .where(changes.changeid > (after or 0))
        .group_by(*source, *(() if after is None else (changes.branch,)))
        .order_by("newest")
    )
    return [int(row.newest) for row in connection.execute(newest)]
