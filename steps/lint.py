"""Lint the PHP that our patches change; what the upstream already has is its own affair."""

import json
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

from buildbot.process.results import FAILURE, SUCCESS
from buildbot.util.twisted import async_to_deferred

from steps.git import GitStep, last_line

SNIFFS = (
    "Generic.PHP.Syntax",
    "Generic.PHP.DeprecatedFunctions",
    "Generic.PHP.ForbiddenFunctions",
    "Generic.CodeAnalysis.EmptyPHPStatement",
    "Generic.CodeAnalysis.JumbledIncrementer",
    "Generic.CodeAnalysis.UnconditionalIfStatement",
    "Generic.VersionControl.GitMergeConflict",
    "Squiz.PHP.Eval",
    "Squiz.PHP.NonExecutableCode",
)
"""PHP_CodeSniffer's rules for what breaks, none for taste."""

RULES = sha256(",".join(SNIFFS).encode()).hexdigest()[:8]
LINTED = "linted"
"""A file on the worker: which trees were found good under which rules, and how many files."""


class Finding(NamedTuple):
    """Something that the linter does not like; without a line number, which patches move."""

    file: str
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.message} ({self.rule})"


class LintChanges(GitStep):
    """Fail on what a patch adds to the findings of PHP_CodeSniffer, and say each."""

    name = "lint-changes"
    description = "linting"

    @async_to_deferred
    async def run(self) -> int:
        trees = f"{self.getProperty('upstream-tree')} {self.getProperty('patched-tree')}"
        good = await self.attempt(("grep", "-m1", f"^{trees} {RULES} ", LINTED))
        if not good.didFail():
            self.descriptionDone = f"{good.stdout.split()[-1]} changed PHP files, good before"
            return SUCCESS
        files, findings = await self.compare(*trees.split())
        if findings:
            await self.addCompleteLog("new findings", "\n".join(map(str, findings)))
            self.descriptionDone = f"{len(findings)} new: {findings[0]}"
            return FAILURE
        await self.shell("tee", "-a", LINTED, stdin=f"{trees} {RULES} {files}\n")
        self.descriptionDone = f"{files} changed PHP files, nothing new"
        return SUCCESS

    async def compare(self, before: str, after: str) -> tuple[int, list[Finding]]:
        """How many files the second tree has changed or added, and the findings that it adds."""
        counts = (await self.script("changed", before, after, "*.php")).split()
        old, new = map(int, counts)
        found = await self.lint("after") if new else []
        known = await self.lint("before") if old and found else []
        return new, added(known, found)

    async def lint(self, folder: str) -> list[Finding]:
        remote = await self.attempt(
            (
                "phpcs",
                "-q",
                "--report=json",
                "--standard=Generic,Squiz",
                f"--sniffs={','.join(SNIFFS)}",
                "--extensions=php",
                f"--basepath={folder}",
                folder,
            )
        )
        try:
            files = json.loads(remote.stdout)["files"]
        except ValueError:
            self.fail(f"phpcs failed: {last_line(remote.stderr)}")
        return [
            Finding(file, message["source"], message["message"])
            for file, found in files.items()
            for message in found["messages"]
        ]


def added(before: Iterable[Finding], after: Iterable[Finding]) -> list[Finding]:
    """The findings that were not there before."""
    return sorted((Counter(after) - Counter(before)).elements())
