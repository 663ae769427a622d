"""Lint the PHP that our patches change; findings that upstream already has do not count."""

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
"""PHP_CodeSniffer's rules for code that breaks, and no rules of style."""

RULES = sha256(",".join(SNIFFS).encode()).hexdigest()[:8]
LINTED = "linted"
"""A file on the worker: pairs of trees without new findings, the rules, the number of files."""


class Finding(NamedTuple):
    """A finding of the linter; without its line number, which patches change."""

    file: str
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.message} ({self.rule})"


class LintChanges(GitStep):
    """Fail when a patch adds findings of PHP_CodeSniffer, and log them."""

    name = "lint-changes"
    description = "linting"

    @async_to_deferred
    async def run(self) -> int:
        series = [(before, after) for _, before, after in self.getProperty("series")]
        files, findings = 0, list[Finding]()
        for before, after in series:
            if before != after:
                count, new = await self.lint_series(before, after)
                files, findings = files + count, findings + new
        if findings:
            await self.addCompleteLog("new findings", "\n".join(map(str, findings)))
            self.descriptionDone = f"{len(findings)} new: {findings[0]}"
            return FAILURE
        self.descriptionDone = f"{files} changed PHP files, nothing new"
        return SUCCESS

    async def lint_series(self, before: str, after: str) -> tuple[int, list[Finding]]:
        """How many files a series changes, and the findings it adds; trees are linted once."""
        known = f"{before} {after} {RULES} "
        earlier = await self.attempt(("grep", "-m1", "-x", f"{known}[0-9]*", LINTED))
        if not earlier.didFail():
            return int(earlier.stdout.removeprefix(known)), []
        files, findings = await self.compare_trees(before, after)
        if not findings:
            await self.run_command("tee", "-a", LINTED, stdin=f"{known}{files}\n".encode())
        return files, findings

    async def compare_trees(self, before: str, after: str) -> tuple[int, list[Finding]]:
        """How many files differ in the second tree, and the findings that it adds."""
        old, new = map(int, await self.run_records("changed_files", before, after, "*.php"))
        findings = await self.lint("after") if new else []
        earlier = await self.lint("before") if old and findings else []
        return new, new_findings(earlier, findings)

    async def lint(self, folder: str) -> list[Finding]:
        output, remote = await self.capture(
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
            return findings_in(output)
        except (ValueError, KeyError):
            self.fail(f"phpcs failed: {last_line(remote.stderr) or last_line(output)}")


def findings_in(report: str) -> list[Finding]:
    """The findings in phpcs' report; raises ValueError or KeyError when it is none."""
    return [
        Finding(file, message["source"], message["message"])
        for file, found in dict(json.loads(report)["files"]).items()
        for message in found["messages"]
    ]


def new_findings(before: Iterable[Finding], after: Iterable[Finding]) -> list[Finding]:
    """The findings that only the second list has."""
    return sorted((Counter(after) - Counter(before)).elements())
