"""Lint the PHP that our patches change; what the upstream already has is its own affair."""

from typing import Any

from buildbot.process.results import FAILURE, SUCCESS
from buildbot.util.twisted import async_to_deferred

from steps.changed import CompareChanged, Finding

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


class LintChanges(CompareChanged):
    """Fail on what a patch adds to the findings of PHP_CodeSniffer, and say each."""

    name = "lint-changes"
    description = "linting"

    @async_to_deferred
    async def run(self) -> int:
        before, after = self.getProperty("upstream-tree"), self.getProperty("patched-tree")
        files, findings = await self.compare(before, after, "*.php")
        if findings:
            await self.addCompleteLog("new findings", "\n".join(map(str, findings)))
            self.descriptionDone = f"{len(findings)} new: {findings[0]}"
            return FAILURE
        self.descriptionDone = f"{files} changed PHP files, nothing new"
        return SUCCESS

    async def scan(self, folder: str) -> list[Finding]:
        report: dict[str, Any] = await self.json_of(
            "phpcs",
            "-q",
            "--report=json",
            "--standard=Generic,Squiz",
            f"--sniffs={','.join(SNIFFS)}",
            "--extensions=php",
            f"--basepath={folder}",
            folder,
        )
        return [
            Finding(file, message["source"], message["message"])
            for file, found in report["files"].items()
            for message in found["messages"]
        ]
