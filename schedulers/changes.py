"""A change starts the builders that it concerns, each once."""

from collections.abc import Callable, Sequence
from typing import Any

from buildbot.changes.changes import Change
from buildbot.schedulers.basic import AnyBranchScheduler
from buildbot.util.twisted import async_to_deferred

Concerned = Callable[[Change], Sequence[str]]
"""From a change to the names of the builders that it concerns."""


class ChangeScheduler(AnyBranchScheduler):
    """Buildbot's own, which starts all of its builders for each change."""

    def checkConfig(  # type: ignore[override]  # as Buildbot itself
        self,
        concerned: Concerned,  # noqa: ARG002  # nothing about a function can be checked
        **kwargs: Any,
    ) -> None:
        super().checkConfig(**kwargs)

    @async_to_deferred
    async def reconfigService(self, concerned: Concerned, **kwargs: Any) -> None:  # type: ignore[override]  # as Buildbot itself
        self.concerned = concerned
        await super().reconfigService(**kwargs)

    @async_to_deferred
    async def gotChange(self, change: Change, important: bool) -> None:
        # Not a renderable `builderNames`: that sees only the last change of the same revision.
        builders = self.concerned(change) if important else []
        if builders:
            await self.addBuildsetForChanges(
                reason=self.reason,
                changeids=[change.number],
                builderNames=list(builders),
                priority=self.priority,
            )
