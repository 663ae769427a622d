"""Compare what a scanner finds in the files that the site changed, before and after."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from steps.git import GitStep, last_line


class Finding(NamedTuple):
    """Something that a scanner does not like; without a line number, which patches move."""

    file: str
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.message} ({self.rule})"


def added(before: Iterable[Finding], after: Iterable[Finding]) -> list[Finding]:
    """The findings that were not there before."""
    return sorted((Counter(after) - Counter(before)).elements())


class CompareChanged(GitStep):
    """A step that scans the changed files twice: as the upstream has them and as we do."""

    async def extract(self, tree: str, files: list[str], folder: str) -> None:
        """Write some files of a tree into an empty folder."""
        await self.shell("rm", "-rf", folder)
        await self.shell("mkdir", "-p", folder)
        if files:
            index = f"{folder}-index"
            await self.git("read-tree", tree, env={"GIT_INDEX_FILE": index})
            names = "".join(f"{file}\0" for file in files)
            wanted = ("checkout-index", "--force", "--stdin", "-z")
            await self.in_tree(folder, index, *wanted, stdin=names)

    async def changed(self, before: str, after: str, *paths: str) -> tuple[list[str], list[str]]:
        """The files that differ between two trees: those in the first, those in the second."""
        listing = await self.git(
            "diff-tree", "-r", "-z", "--no-renames", "--name-status", before, after, "--", *paths
        )
        words = listing.split("\0")[:-1]
        pairs = list(zip(words[::2], words[1::2], strict=True))
        return (
            [file for status, file in pairs if status != "A"],
            [file for status, file in pairs if status != "D"],
        )

    async def compare(self, before: str, after: str, *paths: str) -> tuple[int, list[Finding]]:
        """How many files the second tree changed, and the findings that it adds."""
        old, new = await self.changed(before, after, *paths)
        await self.extract(before, old, "before")
        await self.extract(after, new, "after")
        found = added(await self.scan("before", old), await self.scan("after", new))
        return len(new), found

    async def scan(self, folder: str, files: list[str]) -> list[Finding]:
        """What the scanner finds in a folder."""
        raise NotImplementedError

    async def json_of(self, *command: str) -> dict[str, object]:
        """A scanner's JSON, whatever its exit code says of the findings."""
        remote = await self.attempt(command)
        try:
            return dict(json.loads(remote.stdout))
        except ValueError:
            self.fail(f"{command[0]} failed: {last_line(remote.stderr)}")
            raise
