"""Pack the tree into one deterministic artifact that holds no host name of any environment."""

from pathlib import Path
from typing import Any

from buildbot.process.results import SUCCESS
from buildbot.util.twisted import async_to_deferred

from model.component import Component
from model.release import METADATA_FOLDER, Manifest
from releases.rules import short
from steps.git import GitStep
from steps.patch_file import CHANGED
from steps.tar import tar_archive


class Pack(GitStep):
    """Add manifest and templates, and pack; refuse a tree with an environment's host name."""

    name = "pack"
    description = "packing"

    def __init__(
        self, component: Component, folder: Path, hosts: tuple[str, ...], **kwargs: Any
    ) -> None:
        self.component = component
        self.folder = folder
        self.hosts = hosts
        super().__init__(**kwargs)

    @async_to_deferred
    async def run(self) -> int:
        date = f"@{self.getProperty('upstream-date')} +0000"
        try:
            own = tar_archive(self.own_files())
        except OSError as error:
            file = f"templates/{Path(error.filename or '').name}"
            self.fail(f"{file}: {error.strerror}; {CHANGED}")
        packed = await self.run_records("pack", date, *self.hosts, stdin=own)
        tree, commit, digest, size, *hosts = packed
        if hosts:
            await self.refuse_host(commit, hosts[0])
        self.setProperty("tree", tree, self.name)
        self.setProperty("digest", digest, self.name)
        self.descriptionDone = f"{int(size) / 1e6:.1f} MB, digest {short(digest)}"
        return SUCCESS

    def own_files(self) -> dict[str, bytes]:
        """The files that Slipway adds to the tree, with their contents."""
        manifest = Manifest.of(self.component).model_dump_json(indent=2)
        templates = {
            f"{METADATA_FOLDER}/templates/{name}": (self.folder / "templates" / name).read_bytes()
            for name in self.component.templates
        }
        return {f"{METADATA_FOLDER}/manifest.json": manifest.encode(), **templates}

    async def refuse_host(self, commit: str, host: str) -> None:
        """End the step with the name of the file that holds an environment's host name."""
        listing, _ = await self.capture(("git", "grep", "-z", "-l", "-i", "-F", "-e", host, commit))
        files = [name.partition(":")[2] for name in listing.split("\0")]
        file = files[0] if files[0] else "the name of a file or the target of a link"
        self.fail(f"{file} names {host}: a release must not know where it runs")
