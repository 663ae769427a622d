"""Lay other repositories into the tree: themes, skins, extensions."""

from typing import Any

from buildbot.process.results import SUCCESS
from buildbot.util.twisted import async_to_deferred

from model.component import Overlay
from steps.git import GitStep


class LayOverlays(GitStep):
    """Replace each overlay's path in the tree by the newest commit it follows."""

    name = "lay-overlays"
    description = "laying"

    def __init__(self, overlays: tuple[Overlay, ...], **kwargs: Any) -> None:
        self.overlays = overlays
        super().__init__(**kwargs)

    @async_to_deferred
    async def run(self) -> int:
        laid = [(await self.lay(overlay, overlay.into))[0] for overlay in self.overlays]
        materials = [*self.getProperty("materials"), *(m.model_dump() for m in laid)]
        self.setProperty("materials", materials, self.name)
        self.descriptionDone = ", ".join(f"{m.into} at {m.commit[:8]}" for m in laid)
        return SUCCESS
