"""Look for the shapes of secrets in what the site adds to the upstream."""

from typing import Any

from buildbot.process.results import FAILURE, SUCCESS
from buildbot.util.twisted import async_to_deferred

from steps.changed import CompareChanged, Finding

GUESSES = ("Base64HighEntropyString", "HexHighEntropyString", "KeywordDetector")
"""detect-secrets' plugins that guess from randomness or a word, not from a known shape."""


class ScanForSecrets(CompareChanged):
    """Refuse a release into which somebody wrote a key, a token or a password."""

    name = "scan-for-secrets"
    description = "scanning"

    @async_to_deferred
    async def run(self) -> int:
        before, after = self.getProperty("upstream-tree"), self.getProperty("tree")
        files, findings = await self.compare(before, after)
        if findings:
            await self.addCompleteLog("secrets", "\n".join(map(str, findings)))
            self.descriptionDone = f"{findings[0].file} holds a secret: {findings[0].rule}"
            return FAILURE
        self.descriptionDone = f"{files} files added or changed, no secret"
        return SUCCESS

    async def scan(self, folder: str) -> list[Finding]:
        disabled = [word for guess in GUESSES for word in ("--disable-plugin", guess)]
        report: dict[str, Any] = await self.json_of(
            "detect-secrets", "-C", folder, "scan", "--all-files", "--no-verify", *disabled
        )
        return [
            Finding(file, secret["type"], secret["hashed_secret"])
            for file, found in report["results"].items()
            for secret in found
        ]
