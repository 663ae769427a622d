"""Run the scripts of `steps/` as a worker does, in a folder."""

import os
import subprocess
from pathlib import Path
from subprocess import CompletedProcess

from change_sources.git_process import SECONDS
from steps.git import environment, script_text
from steps.patch_file import Series, read_patches
from steps.records import fields
from steps.tar import tar_archive
from tests.repositories import Repository

SURROUNDINGS = os.environ | environment(SECONDS)


class Worker:
    """A builder's folder on a worker, with a component's repository in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.run("repository")

    def attempt(self, script: str, *arguments: str, stdin: bytes = b"") -> CompletedProcess[str]:
        """Run a script; its output and its exit code."""
        command = ["bash", "-c", script_text(script), script, *arguments]
        result = subprocess.run(
            command, cwd=self.folder, env=SURROUNDINGS, input=stdin, capture_output=True
        )
        output = (text.decode("utf-8", "replace") for text in (result.stdout, result.stderr))
        return CompletedProcess(command, result.returncode, *output)

    def run(self, script: str, *arguments: str, stdin: bytes = b"") -> str:
        """The output of a script, which must succeed."""
        result = self.attempt(script, *arguments, stdin=stdin)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def git(self, *arguments: str) -> str:
        command = ["git", *arguments]
        return subprocess.check_output(command, cwd=self.folder, env=SURROUNDINGS, text=True)

    def records(self, script: str, *arguments: str, stdin: bytes = b"") -> list[str]:
        """The fields that a script prints, which must succeed."""
        return fields(self.run(script, *arguments, stdin=stdin))

    def add_source(self, repository: Repository, revision: str = "HEAD", into: str = "") -> str:
        """Add a commit of a repository by its id; the commit's tree."""
        commit = repository.git("rev-parse", f"{revision}^{{commit}}")
        return self.records("add_source", commit, repository.address, "", "refs/test", into)[1]

    def apply(self, patches: dict[str, bytes], into: str = "") -> CompletedProcess[str]:
        """Apply a series of patch files to a path of the tree."""
        return self.attempt("series", "apply", "series", into, "", stdin=archive(patches))

    def apply_tree(self, patches: dict[str, bytes], into: str = "") -> str:
        """The tree after a series that applies."""
        result = self.apply(patches, into)
        assert result.returncode == 0, fields(result.stdout) or result.stderr
        return fields(result.stdout)[1]

    def patch_ids(self, patches: dict[str, bytes]) -> list[str]:
        """The ids of a series that applies."""
        return fields(self.apply(patches).stdout)[3:]

    def fork_tree(self, repository: Repository, branch: str = "ours", base: str = "1.0") -> str:
        """The tree after the commits of a fork."""
        self.run("fork", *fork_arguments(repository, branch, base))
        stdin = tar_archive({})
        return self.records("series", "apply", "series", "", "forked", stdin=stdin)[1]


def archive(patches: dict[str, bytes]) -> bytes:
    """What `series.bash` gets of patch files."""
    return tar_archive(series_of(patches).files())


def series_of(patches: dict[str, bytes]) -> Series:
    """The changes in patch files."""
    changes = (patch for name, text in patches.items() for patch in read_patches(name, text))
    return Series(tuple(changes), ())


def fork_arguments(repository: Repository, branch: str, base: str) -> list[str]:
    """The arguments of `fork.bash`, as a step has them after the master has listed the fork."""
    commit = commit_id(repository, f"refs/heads/{branch}") or "0" * 40
    start = commit_id(repository, base) or base
    return ["series", repository.address, branch, base, "fork/", commit, start]


def commit_id(repository: Repository, revision: str) -> str:
    """The id of a commit; empty when it is not there."""
    try:
        return repository.git("rev-parse", "--verify", f"{revision}^{{commit}}")
    except subprocess.CalledProcessError:
        return ""
