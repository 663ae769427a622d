"""The one-line change of `component.toml` that takes a component to another upstream release."""

import re
import shutil
import tomllib
from dataclasses import dataclass
from difflib import unified_diff
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import mkdtemp
from typing import Self

from git import Actor
from git.repo import Repo

from model.component import Component
from model.installation import SiteRepository
from releases.trial import Report

WATCH = Actor("Slipway", "slipway@localhost")
LINE = re.compile(r"^(?P<key>\s*release\s*=\s*)(?P<quote>[\"'])(?P<release>.*)(?P=quote)", re.M)


@dataclass(frozen=True)
class Upgrade:
    """A component's file before and after."""

    component: str
    release: str
    new: str
    """The line that changes, as it will be."""
    before: str
    after: str

    @classmethod
    def of(cls, component: Component, text: str, release: str) -> Self:
        """Raises ValueError when the file has no such line that can be changed alone."""
        file = f"{component.name}/component.toml"
        wanted = tomllib.loads(text)
        old = wanted["upstream"]["release"]
        new = series(old, release)
        start = text.find("[upstream]")
        for found in LINE.finditer(text, max(start, 0)):
            line = f"{found['key']}{found['quote']}{new}{found['quote']}"
            after = text[: found.start()] + line + text[found.end() :]
            if changes_alone(text, after, new):
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


def series(old: str, release: str) -> str:
    """The newest release as the old one was written: `1.39.*` and `1.43.1` give `1.43.*`."""
    *fixed, last = old.split(".")
    if last != "*" or not fixed:
        return release
    wider = ".".join([*release.split(".")[: len(fixed)], "*"])
    return wider if fnmatchcase(release, wider) else release


def changes_alone(before: str, after: str, release: str) -> bool:
    """Whether nothing but the upstream's release differs between two texts."""
    expected = tomllib.loads(before)
    expected["upstream"]["release"] = release
    return tomllib.loads(after) == expected


def pushed(repository: SiteRepository, upgrade: Upgrade, report: Report) -> str:
    """Push the change as a branch on top of the site's own; where it is now.

    Raises GitCommandError when the repository does not take it. A branch that is there stays as it
    is: somebody may be working on it.
    """
    folder = Path(mkdtemp(prefix="slipway-offer-"))
    try:
        clone = Repo.clone_from(
            repository.address, folder / "site", branch=repository.branch, single_branch=True
        )
        if clone.git.ls_remote("--heads", "origin", f"refs/heads/{upgrade.branch}"):
            return f"{upgrade.release} is ready: branch {upgrade.branch}, offered before"
        name = Path(repository.folder) / "components" / upgrade.component / "component.toml"
        file = folder / "site" / name
        if not file.is_file() or file.read_text("utf-8") != upgrade.before:
            return f"{upgrade.release} is ready; {repository.address} has another {name}"
        file.write_text(upgrade.after, "utf-8")
        clone.index.add([str(name)])
        title = f"Take {upgrade.component} to {upgrade.release}"
        clone.index.commit(f"{title}\n\n{report}\n", author=WATCH, committer=WATCH)
        clone.git.push("origin", f"HEAD:refs/heads/{upgrade.branch}")
        return f"{upgrade.release} is ready: branch {upgrade.branch}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
