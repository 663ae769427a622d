"""Look for the shapes of secrets in the files that the site adds or changes."""

import json
from typing import Any

from buildbot.process.results import SUCCESS
from buildbot.util.twisted import async_to_deferred

from model.component import Component
from steps.dependencies import install_path
from steps.git import GitStep, last_line

GUESSES = ("Base64HighEntropyString", "HexHighEntropyString", "KeywordDetector")
"""detect-secrets' plugins that guess from randomness or a word, not from a known shape."""


class ScanForSecrets(GitStep):
    """Refuse a release that holds a key, a token or a password of the site."""

    name = "scan-for-secrets"
    description = "scanning"

    def __init__(self, component: Component, **kwargs: Any) -> None:
        # Installed dependencies are not ours, and their hashes are verified.
        self.installed = tuple(install_path(lock) for lock in component.locks)
        super().__init__(**kwargs)

    @async_to_deferred
    async def run(self) -> int:
        before, after = self.getProperty("upstream-tree"), self.getProperty("tree")
        files = int(await self.run_script("added_lines", before, after, *self.installed))
        secrets = await self.scan() if files else {}
        if secrets:
            file, (first, *_) = min(secrets.items())
            self.fail(f"{file}, line {first['line_number']}: {first['type']}")
        self.descriptionDone = f"{files} files added or changed, no secret"
        return SUCCESS

    async def scan(self) -> dict[str, list[dict[str, object]]]:
        """The findings of detect-secrets, by file."""
        disabled = [word for guess in GUESSES for word in ("--disable-plugin", guess)]
        command = ("detect-secrets", "-C", "added", "scan", "--all-files", "--no-verify", *disabled)
        remote = await self.attempt(command)
        try:
            return dict(json.loads(remote.stdout)["results"])
        except ValueError:
            self.fail(f"detect-secrets failed: {last_line(remote.stderr)}")
