"""Pack the tree into one deterministic artifact that holds no host name of any environment."""

from pathlib import Path
from typing import Any

from buildbot.process.results import SUCCESS
from buildbot.util.twisted import async_to_deferred

from model.component import Component
from model.release import FOLDER, Manifest
from releases.history import short
from steps.git import GitStep

SCRIPT = Path(__file__).with_name("pack.bash")
NOBODY = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", "slipway"), ("EMAIL", "slipway@localhost"))
}


class Pack(GitStep):
    """Add the manifest and the templates, pack, and refuse a tree that knows where it will run."""

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
        await self.add("manifest.json", Manifest.of(self.component).model_dump_json(indent=2))
        for template in self.component.templates:
            text = (self.folder / "templates" / template).read_text("utf-8")
            await self.add(f"templates/{template}", text)
        tree = (await self.git("write-tree")).strip()
        commit = await self.commit(tree)
        packed = await self.shell(
            "bash",
            "-c",
            SCRIPT.read_text(),
            "pack",
            commit,
            stdin="".join(f"{host}\n" for host in self.hosts),
        )
        digest, size, *found = packed.split()
        if found:
            await self.name_host(commit, found[0])
        self.setProperty("tree", tree, self.name)
        self.setProperty("digest", digest, self.name)
        self.descriptionDone = f"{int(size) / 1e6:.1f} MB, digest {short(digest)}"
        return SUCCESS

    async def add(self, path: str, text: str) -> None:
        """Put a file of ours into the release's own folder of the tree."""
        blob = (await self.git("hash-object", "-w", "--stdin", stdin=text)).strip()
        entry = f"100644,{blob},{FOLDER}/{path}"
        await self.git("update-index", "--add", "--cacheinfo", entry)

    async def commit(self, tree: str) -> str:
        """A commit of the tree whose id depends on nothing but the tree and the upstream's date."""
        date = f"@{self.getProperty('upstream-date')} +0000"
        dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        made = await self.git("commit-tree", "-m", self.component.name, tree, env=NOBODY | dates)
        return made.strip()

    async def name_host(self, commit: str, host: str) -> None:
        """End the step, naming the file that holds an environment's host name."""
        listing = await self.git("grep", "-I", "-l", "-F", "-e", host, commit)
        file = listing.splitlines()[0].partition(":")[2]
        self.fail(f"{file} names {host}: a release must not know where it runs")
