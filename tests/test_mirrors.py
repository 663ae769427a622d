"""The mirrors of the slow tests: what somebody pushes to them is gone in the next session."""

import subprocess
from pathlib import Path

import pytest

from local.mirrors.git_config import mirror_folder
from tests.local.test_mirrors import APP, THEME, release, site
from tests.mirrors import reset

__all__ = ["site"]


def git(repository: Path, *arguments: str) -> str:
    command = ("git", "-C", str(repository), *arguments)
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def push(repository: Path, branch: str) -> str:
    """Commit the branch's own tree once more, as somebody who pushes; the commit's id."""
    person = ("-c", "user.name=Ana", "-c", "user.email=ana@example.invalid")
    tree = f"{branch}^{{tree}}"
    commit = git(repository, *person, "commit-tree", "-m", "Broken", "-p", branch, tree)
    git(repository, "update-ref", f"refs/heads/{branch}", commit)
    return commit


class Mirrors:
    """The mirrors of a site with one package and one folder of files."""

    def __init__(self, site: Path, folder: Path) -> None:
        self.site, self.folder, self.cache = site, folder / "mirrors", folder / "cache"

    def reset(self) -> None:
        reset(self.site, self.folder, self.cache)

    def head(self, repository: str) -> str:
        return git(mirror_folder(repository, self.folder), "rev-parse", "HEAD")


@pytest.fixture
def mirrors(site: Path, tmp_path: Path) -> Mirrors:
    made = Mirrors(site, tmp_path)
    made.reset()
    return made


@pytest.mark.parametrize(("repository", "branch"), [(APP, "release"), (THEME, "main")])
def test_what_somebody_pushed_is_gone(mirrors: Mirrors, repository: str, branch: str) -> None:
    before = mirrors.head(repository)
    assert push(mirror_folder(repository, mirrors.folder), branch) != before
    mirrors.reset()
    assert mirrors.head(repository) == before


def test_a_branch_or_a_tag_that_somebody_added_is_gone(mirrors: Mirrors) -> None:
    app = mirror_folder(APP, mirrors.folder)
    before = git(app, "for-each-ref")
    git(app, "branch", "theirs", "release")
    git(app, "tag", "9.9", "release")
    mirrors.reset()
    assert git(app, "for-each-ref") == before


def test_a_mirror_of_a_package_is_kept_while_nobody_touches_it(mirrors: Mirrors) -> None:
    marker = mirror_folder(APP, mirrors.folder) / "description"
    marker.touch()
    mirrors.reset()
    assert marker.exists()


def test_a_file_that_the_site_changed_is_in_the_mirror(mirrors: Mirrors) -> None:
    edition = mirrors.site / "mirrors" / "theme" / "edition.txt"
    edition.write_text("Edition 7\n")
    mirrors.reset()
    assert git(mirror_folder(THEME, mirrors.folder), "show", "main:edition.txt") == "Edition 7"


def test_a_mirror_that_is_described_otherwise_is_made_again(mirrors: Mirrors) -> None:
    file = mirrors.site / "mirrors.toml"
    file.write_text(file.read_text().replace('drop = ["config.php", "debian"]', "drop = []"))
    mirrors.reset()
    names = git(mirror_folder(APP, mirrors.folder), "ls-tree", "--name-only", "release").split()
    assert "debian" in names


def test_a_newer_package_is_added_as_make_run_adds_it(mirrors: Mirrors, tmp_path: Path) -> None:
    before = mirrors.head(APP)
    release(tmp_path / "debs", "1:2.0-1", "<?php // two\n")
    mirrors.reset()
    assert git(mirror_folder(APP, mirrors.folder), "rev-parse", "HEAD^") == before
