"""Lay other repositories into the tree: themes, skins, extensions."""

from buildbot.process.results import SUCCESS
from buildbot.util.twisted import async_to_deferred

from model.component import Overlay
from steps.patches import count
from steps.tree_step import TreeStep


class LayOverlays(TreeStep):
    """Replace each overlay's path in the tree by the newest commit it follows, and change that."""

    name = "lay-overlays"
    description = "laying"

    @async_to_deferred
    async def run(self) -> int:
        words = [await self.overlay(overlay) for overlay in self.component.overlays]
        self.refuse_unapplied()
        self.descriptionDone = ", ".join(words)
        return SUCCESS

    async def overlay(self, overlay: Overlay) -> str:
        """Lay one overlay, its series and its submodules; what was done in words."""
        material, _, _, gitlinks = await self.add_source(overlay, overlay.into)
        said = f"{overlay.into} at {material.commit[:8]}"
        series = self.component.series(overlay.into)
        changed = overlay.fork or series
        if changed:
            said += f" with {count(await self.change(overlay.fork, series, overlay.into))}"
        if gitlinks or (changed and self.getProperty("gitlinks")):
            said += f" and {len(await self.fetch_submodules())} submodules"
        return said
