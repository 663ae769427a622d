"""Apply our patch series on top of the upstream release."""

import re
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from buildbot.process.results import SUCCESS
from buildbot.util.twisted import async_to_deferred
from git.cmd import Git
from twisted.internet.threads import deferToThread

from releases.provenance import Patch
from steps.git import GitStep

REJECTED = re.compile(r"^error: patch failed: (?P<file>.+):(?P<line>\d+)$", re.MULTILINE)
SENTENCE = re.compile(r"^error: (.+)$", re.MULTILINE)


class ApplyPatches(GitStep):
    """Apply `patches/*.patch` in order, without fuzz; name the first that does not apply."""

    name = "apply-patches"
    description = "applying"

    def __init__(self, folder: Path, series: tuple[str, ...], **kwargs: Any) -> None:
        self.folder = folder
        self.series = series
        super().__init__(**kwargs)

    @async_to_deferred
    async def run(self) -> int:
        applied = [await self.apply(self.folder / name) for name in self.series]
        self.setProperty("patches", [patch.model_dump() for patch in applied], self.name)
        self.setProperty("patched-tree", (await self.shell("git", "write-tree")).strip(), self.name)
        self.descriptionDone = f"{count(applied)} applied on {self.getProperty('release')}"
        return SUCCESS

    async def apply(self, path: Path) -> Patch:
        """Apply one patch to the index, or end the step with the file and hunk that stand out."""
        text = path.read_bytes()
        command = ("git", "apply", "--cached", "--whitespace=nowarn")
        applying = await self.attempt(command, stdin=text)
        if applying.didFail():
            self.fail(f"{path.name} does not apply: {rejection(applying.stderr, text)}")
        return describe(path.name, text, await deferToThread(patch_id, path))


def count(patches: list[Patch]) -> str:
    return "1 patch" if len(patches) == 1 else f"{len(patches)} patches"


def patch_id(path: Path) -> str:
    """What stays the same when the lines of a patch move: `git patch-id --stable`."""
    with path.open("rb") as patch:
        return str(Git().patch_id("--stable", istream=patch)).partition(" ")[0]


def describe(name: str, text: bytes, patch_id: str) -> Patch:
    """What the head of a mailed patch says of itself."""
    head = message_from_bytes(text, policy=policy.default)
    subject = re.sub(r"^\[PATCH[^]]*\]\s*", "", str(head["subject"] or name))
    return Patch(name=name, id=patch_id, subject=subject, author=str(head["from"] or "unknown"))


def rejection(complaint: str, text: bytes) -> str:
    """Where a patch does not apply: `src/x.php, hunk 2 (line 40)`, or git's own sentence."""
    rejected = REJECTED.search(complaint)
    if rejected is None:
        said = SENTENCE.search(complaint)
        return said.group(1) if said else complaint.strip()
    file, line = rejected["file"], int(rejected["line"])
    hunk = hunks(text.decode("utf-8", "replace"), file).index(line) + 1
    return f"{file}, hunk {hunk} (line {line})"


def hunks(patch: str, file: str) -> list[int]:
    """The old first lines of a file's hunks, in order."""
    section = re.search(
        rf"^--- a/{re.escape(file)}$(?P<hunks>.*?)(?=^diff --git |\Z)", patch, re.M | re.S
    )
    found = section["hunks"] if section else ""
    return [int(line) for line in re.findall(r"^@@ -(\d+)", found, re.M)]
