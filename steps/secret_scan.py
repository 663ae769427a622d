"""Look for keys, tokens and passwords in the files that the site adds or changes."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from buildbot.process.results import SUCCESS
from buildbot.util.twisted import async_to_deferred

from model.component import Component
from steps import password_filter
from steps.dependencies import install_path
from steps.git import GitStep, last_line

GUESSES = ("Base64HighEntropyString", "HexHighEntropyString")
"""detect-secrets' plugins that guess from randomness alone."""

PRAGMA = "detect_secrets.filters.allowlist.is_line_allowlisted"
"""detect-secrets' filter by which a comment in a foreign file could accept a finding."""

FILTER_FILE = "password_filter.py"

COMMAND = (
    *("detect-secrets", "-C", "added", "scan", "--all-files", "--no-verify"),
    *(word for guess in GUESSES for word in ("--disable-plugin", guess)),
    *("--disable-filter", PRAGMA),
    *("--filter", f"./{FILTER_FILE}::{password_filter.is_no_password.__name__}"),
)


class FoundSecret(NamedTuple):
    """One finding of detect-secrets."""

    file: str
    line: int
    kind: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.kind}"


class ScanForSecrets(GitStep):
    """Refuse a release that holds a key, a token or a password of the site.

    Findings that `waivers` in `component.toml` accept do not count.
    """

    name = "scan-for-secrets"
    description = "scanning"

    def __init__(self, component: Component, **kwargs: Any) -> None:
        self.component = component
        # Installed dependencies are not ours, and their hashes are verified.
        self.installed = tuple(install_path(lock) for lock in component.locks)
        super().__init__(**kwargs)

    @async_to_deferred
    async def run(self) -> int:
        before, after = self.getProperty("upstream-tree"), self.getProperty("tree")
        files = int(await self.run_script("added_lines", before, after, *self.installed))
        secrets = await self.scan() if files else []
        refused = [secret for secret in secrets if not self.is_waived(secret)]
        if refused:
            await self.addCompleteLog("secrets", "".join(f"{secret}\n" for secret in refused))
            others = f" and {len(refused) - 1} more" if len(refused) > 1 else ""
            self.fail(f"{refused[0]}{others}")
        self.descriptionDone = f"{files} files added or changed, {self.summary(secrets)}"
        return SUCCESS

    async def scan(self) -> list[FoundSecret]:
        """What detect-secrets finds, in the order of files and lines."""
        await self.upload_file(FILTER_FILE, Path(password_filter.__file__).read_bytes())
        output, remote = await self.capture(COMMAND)
        try:
            results = json.loads(output)["results"]
        except ValueError:
            self.fail(f"detect-secrets failed: {last_line(remote.stderr)}")
        return sorted(
            FoundSecret(file, secret["line_number"], secret["type"])
            for file, secrets in results.items()
            for secret in secrets
        )

    def is_waived(self, secret: FoundSecret) -> bool:
        return any(waiver.accepts(*secret) for waiver in self.component.waivers)

    def summary(self, waived: list[FoundSecret]) -> str:
        """What is said of a scan that refuses nothing, with the waivers that match nothing."""
        unused = [
            waiver
            for waiver in self.component.waivers
            if not any(waiver.accepts(*secret) for secret in waived)
        ]
        accepted = f"{len(waived)} accepted by 'waivers'" if waived else "no secret"
        return "; ".join([accepted, *(f"a waiver matches nothing: {waiver}" for waiver in unused)])
