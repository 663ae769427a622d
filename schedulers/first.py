"""A component that was never built is built when the master first meets it."""

from typing import Any

from buildbot.schedulers.base import ReconfigurableBaseScheduler
from buildbot.util.twisted import async_to_deferred

from model.component import Component


class FirstBuild(ReconfigurableBaseScheduler):
    """Starts each of its builders that nobody has asked for anything yet."""

    @async_to_deferred
    async def activate(self) -> None:
        await super().activate()
        await self.start()

    @async_to_deferred
    async def reconfigService(self, **kwargs: Any) -> None:  # type: ignore[override]  # passed on
        await super().reconfigService(**kwargs)
        if self.active:
            await self.start()

    async def start(self) -> None:
        for builder in self.builderNames:
            if not await self.asked_before(builder):
                await self.addBuildsetForSourceStampsWithDefaults(
                    reason="first build", sourcestamps=[], builderNames=[builder]
                )

    async def asked_before(self, builder: str) -> bool:
        found = await self.master.data.get(("builders", builder))
        if found is None:
            return False
        path = ("builders", found["builderid"], "buildrequests")
        return bool(await self.master.data.get(path, limit=1))


def scheduler(components: tuple[Component, ...]) -> FirstBuild:
    return FirstBuild(
        name="first-build", builderNames=[component.builder for component in components]
    )
