"""Add other repositories to the tree: themes, skins, extensions."""

from buildbot.process.results import SUCCESS
from buildbot.util.twisted import async_to_deferred

from model.component import Overlay
from steps.patches import patch_count
from steps.tree_step import TreeStep


class LayOverlays(TreeStep):
    """Replace each overlay's path by the newest commit that it follows, and apply its series."""

    name = "lay-overlays"
    description = "laying"

    @async_to_deferred
    async def run(self) -> int:
        summaries = [await self.add_overlay(overlay) for overlay in self.component.overlays]
        self.refuse_unapplied()
        self.summarise(", ".join(summaries))
        return SUCCESS

    async def add_overlay(self, overlay: Overlay) -> str:
        """Add one overlay, its series and its submodules; a summary."""
        material, _, _, gitlinks = await self.add_source(overlay, overlay.into)
        summary = f"{overlay.into} at {material.commit[:8]}"
        series = self.component.series(overlay.into)
        changed = overlay.fork or series
        if changed:
            summary += (
                f" with {patch_count(await self.apply_series(overlay.fork, series, overlay.into))}"
            )
        if gitlinks or (changed and self.getProperty("gitlinks")):
            summary += f" and {len(await self.fetch_submodules())} submodules"
        return summary
