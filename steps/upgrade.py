"""The one-line change of `component.toml` that takes a component to another upstream release."""

import re
import shutil
import tomllib
from dataclasses import dataclass
from difflib import unified_diff
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Self

from git import Actor
from git.cmd import Git
from git.repo import Repo

from model.component import Component
from model.installation import SiteRepository
from releases.trial import Report

SECONDS = 300
"""Git takes no longer for one command with the site's repository."""
AUTHOR = Actor("Slipway", "slipway@localhost")
LINE = re.compile(r"^(?P<key>\s*release\s*=\s*)(?P<quote>[\"'])(?P<release>.*)(?P=quote)", re.M)


@dataclass(frozen=True)
class Upgrade:
    """A component's `component.toml` before and after."""

    component: str
    release: str
    new: str
    """The new line."""
    before: str
    after: str

    @classmethod
    def of(cls, component: Component, text: str, release: str) -> Self:
        """Raises ValueError when no single line of the file holds the release."""
        file = f"{component.name}/component.toml"
        old = tomllib.loads(text)["upstream"]["release"]
        new = followed_release(old, release)
        start = text.find("[upstream]")
        for match in LINE.finditer(text, max(start, 0)):
            line = f"{match['key']}{match['quote']}{new}{match['quote']}"
            after = text[: match.start()] + line + text[match.end() :]
            if changes_only_release(text, after, new):
                return cls(component.name, release, line.strip(), text, after)
        raise ValueError(f'{file}: release = "{old}" stands on no line of its own: set {new}')

    @property
    def branch(self) -> str:
        return f"upstream/{self.component}-{self.release}"

    @property
    def difference(self) -> str:
        name = f"components/{self.component}/component.toml"
        lines = unified_diff(
            self.before.splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            f"a/{name}",
            f"b/{name}",
        )
        return "".join(lines)


def followed_release(old: str, release: str) -> str:
    """A release in the form of the old value: `1.39.*` and `1.43.1` give `1.43.*`."""
    *fixed, last = old.split(".")
    if last != "*" or not fixed:
        return release
    pattern = ".".join([*release.split(".")[: len(fixed)], "*"])
    return pattern if fnmatchcase(release, pattern) else release


def changes_only_release(before: str, after: str, release: str) -> bool:
    """Whether two texts differ in the upstream's release only."""
    expected = tomllib.loads(before)
    expected["upstream"]["release"] = release
    return tomllib.loads(after) == expected


def push_branch(
    repository: SiteRepository, upgrade: Upgrade, report: Report, seconds: float = SECONDS
) -> str:
    """Push the change as a branch on top of the site's own; a sentence that says where it is.

    Raises GitCommandError when the repository refuses it or does not answer. An existing branch
    stays as it is, since somebody may be working on it. `seconds` limits each command of git.
    """
    folder = Path(mkdtemp(prefix="slipway-offer-"))
    try:
        limit: Any = {"kill_after_timeout": seconds}
        options = ("--single-branch", f"--branch={repository.branch}")
        Git().clone(*options, "--", repository.address, str(folder / "site"), **limit)
        clone = Repo(folder / "site")
        if clone.git.ls_remote("--heads", "origin", f"refs/heads/{upgrade.branch}", **limit):
            return f"{upgrade.release} is ready: branch {upgrade.branch}, offered before"
        name = Path(repository.folder) / "components" / upgrade.component / "component.toml"
        file = folder / "site" / name
        if not file.is_file() or file.read_text("utf-8") != upgrade.before:
            return f"{upgrade.release} is ready; {repository.address} has another {name}"
        file.write_text(upgrade.after, "utf-8")
        clone.index.add([str(name)])
        title = f"Take {upgrade.component} to {upgrade.release}"
        clone.index.commit(f"{title}\n\n{report}\n", author=AUTHOR, committer=AUTHOR)
        clone.git.push("origin", f"HEAD:refs/heads/{upgrade.branch}", **limit)
        return f"{upgrade.release} is ready: branch {upgrade.branch}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
