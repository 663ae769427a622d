"""Lint the PHP that our patches change; what the upstream already has is its own affair."""

from collections import Counter
from collections.abc import Iterable
from csv import DictReader
from hashlib import sha256
from io import StringIO
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
        series = [(before, after) for _, before, after in self.getProperty("series")]
        files, findings = 0, list[Finding]()
        for before, after in series:
            if before != after:
                more, found = await self.judged(f"{before} {after}")
                files, findings = files + more, findings + found
        if findings:
            await self.addCompleteLog("new findings", "\n".join(map(str, findings)))
            self.descriptionDone = f"{len(findings)} new: {findings[0]}"
            return FAILURE
        self.descriptionDone = f"{files} changed PHP files, nothing new"
        return SUCCESS

    async def judged(self, trees: str) -> tuple[int, list[Finding]]:
        """How many files a series changes, and the findings it adds, unless found good before."""
        good = await self.attempt(("grep", "-m1", f"^{trees} {RULES} ", LINTED))
        if not good.didFail():
            return int(good.stdout.split()[-1]), []
        files, findings = await self.compare(*trees.split())
        if not findings:
            await self.shell("tee", "-a", LINTED, stdin=f"{trees} {RULES} {files}\n".encode())
        return files, findings

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
                "--report=csv",  # one line each: the worker breaks very long ones
                "--standard=Generic,Squiz",
                f"--sniffs={','.join(SNIFFS)}",
                "--extensions=php",
                f"--basepath={folder}",
                folder,
            )
        )
        rows = DictReader(StringIO(remote.stdout))
        if not {"File", "Source", "Message"} <= set(rows.fieldnames or ()):
            self.fail(f"phpcs failed: {last_line(remote.stderr)}")
        return [Finding(row["File"], row["Source"], row["Message"]) for row in rows]


def added(before: Iterable[Finding], after: Iterable[Finding]) -> list[Finding]:
    """The findings that were not there before."""
    return sorted((Counter(after) - Counter(before)).elements())
