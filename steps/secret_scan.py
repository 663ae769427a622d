"""Look for the shapes of secrets in what the site adds to the upstream."""

import json
from typing import Any

from buildbot.process.results import SUCCESS
from buildbot.util.twisted import async_to_deferred

from model.component import Component
from steps.dependencies import dependencies
from steps.git import GitStep, last_line

GUESSES = ("Base64HighEntropyString", "HexHighEntropyString", "KeywordDetector")
"""detect-secrets' plugins that guess from randomness or a word, not from a known shape."""


class ScanForSecrets(GitStep):
    """Refuse a release into which somebody wrote a key, a token or a password."""

    name = "scan-for-secrets"
    description = "scanning"

    def __init__(self, component: Component, **kwargs: Any) -> None:
        # What a lock file brings is not ours: its hash says whose it is.
        self.installed = tuple(dependencies(lock) for lock in component.locks)
        super().__init__(**kwargs)

    @async_to_deferred
    async def run(self) -> int:
        before, after = self.getProperty("upstream-tree"), self.getProperty("tree")
        files = int(await self.script("additions", before, after, *self.installed))
        found = await self.scan() if files else {}
        if found:
            file, (first, *_) = min(found.items())
            self.fail(f"{file}, line {first['line_number']}: {first['type']}")
        self.descriptionDone = f"{files} files added or changed, no secret"
        return SUCCESS

    async def scan(self) -> dict[str, list[dict[str, object]]]:
        """What detect-secrets finds, by file."""
        disabled = [word for guess in GUESSES for word in ("--disable-plugin", guess)]
        command = ("detect-secrets", "-C", "added", "scan", "--all-files", "--no-verify", *disabled)
        remote = await self.attempt(command)
        try:
            return dict(json.loads(remote.stdout)["results"])
        except ValueError:
            self.fail(f"detect-secrets failed: {last_line(remote.stderr)}")
