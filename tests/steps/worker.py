"""Our scripts as a worker runs them, in a folder of its own."""

import os
import subprocess
from pathlib import Path
from subprocess import CompletedProcess

from steps.git import ENVIRONMENT, HERE
from steps.tar import archive
from tests.repositories import Repository


class Worker:
    """A builder's folder on a worker, with a component's repository in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.run("repository")

    def attempt(self, script: str, *arguments: str, stdin: bytes = b"") -> CompletedProcess[str]:
        """Run a script; what it printed, and its exit code."""
        command = ["bash", "-c", (HERE / f"{script}.bash").read_text(), script, *arguments]
        surroundings = os.environ | ENVIRONMENT
        done = subprocess.run(
            command, cwd=self.folder, env=surroundings, input=stdin, capture_output=True
        )
        printed = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))
        return CompletedProcess(command, done.returncode, *printed)

    def run(self, script: str, *arguments: str, stdin: bytes = b"") -> str:
        """What a script prints that must succeed."""
        done = self.attempt(script, *arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def git(self, *arguments: str) -> str:
        surroundings = os.environ | ENVIRONMENT
        command = ["git", *arguments]
        return subprocess.check_output(command, cwd=self.folder, env=surroundings, text=True)

    def add_source(self, repository: Repository, revision: str = "HEAD", into: str = "") -> str:
        """Lay a commit of a repository, found by its id; its tree."""
        commit = repository.git("rev-parse", f"{revision}^{{commit}}")
        return self.run("add_source", commit, repository.address, "", "refs/test", into).split()[1]

    def apply(self, patches: dict[str, bytes], into: str = "") -> CompletedProcess[str]:
        """Apply a series of patch files to what lies at a path."""
        return self.attempt("series", "apply", "series", into, "", stdin=archive(patches))

    def applied(self, patches: dict[str, bytes], into: str = "") -> str:
        """The tree after a series that applies."""
        done = self.apply(patches, into)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[1]

    def fork(self, repository: Repository, branch: str = "ours", base: str = "1.0") -> str:
        """The tree after the commits of a fork."""
        self.run("fork", "series", repository.address, branch, base, "fork/")
        stdin = archive({})
        return self.run("series", "apply", "series", "", "forked", stdin=stdin).splitlines()[1]
