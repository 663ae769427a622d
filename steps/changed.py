"""Compare what a scanner finds in the files that the site changed, before and after."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from steps.git import GitStep, last_line

SCRIPT = Path(__file__).with_name("changed.bash")


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

    async def compare(self, before: str, after: str, *paths: str) -> tuple[int, list[Finding]]:
        """How many files the second tree has changed or added, and the findings that it adds."""
        script = ("bash", "-c", SCRIPT.read_text(), "changed", before, after, *paths)
        old, new = map(int, (await self.shell(*script)).split())
        found = await self.scan("after") if new else []
        known = await self.scan("before") if old and found else []
        return new, added(known, found)

    async def scan(self, folder: str) -> list[Finding]:
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
