"""Who made a commit and what it is called, for people who look at a change."""

import shutil
from tempfile import mkdtemp
from typing import NamedTuple

from buildbot.master import BuildMaster
from twisted.python import log

from change_sources.git_process import GitError, host_processes, run_git

SECONDS = 10
"""Builds do not wait longer for what only people read."""
LONGEST = 500
"""Characters of an author or a subject; whole messages stay in the repository."""
SMALL = ("--depth=1", "--filter=tree:0", "--no-tags", "--quiet", "--no-write-fetch-head")
"""One commit, without its files where the server can leave them out."""


class CommitSummary(NamedTuple):
    """Text of a commit, in which anything that is not UTF-8 is replaced."""

    author: str
    subject: str


async def read_summary(
    master: BuildMaster, repository: str, branch: str, commit: str
) -> CommitSummary:
    """The summary of a branch's head; says only which commit it is when it cannot be had."""
    folder = mkdtemp(prefix="slipway-commit-")
    git = ("--git-dir", folder)
    try:
        await run_git(master, *git, "init", "--quiet", "--bare", seconds=SECONDS)
        fetch = (*git, "fetch", *SMALL, "--", repository, f"refs/heads/{branch}")
        await host_processes(repository).run(run_git, master, *fetch, seconds=SECONDS)
        # Git converts what declares another encoding; what it cannot convert stays as it is.
        show = ("show", "--no-patch", "--encoding=UTF-8", "--format=%an <%ae>%n%s", commit)
        author, _, subject = (await run_git(master, *git, *show)).partition("\n")
        return CommitSummary(printable(author), printable(subject))
    except GitError as error:
        log.msg(f"{repository}: commit {commit} cannot be shown to people: {error}")
        return CommitSummary("unknown", f"{branch} is at {commit[:12]}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def printable(text: str) -> str:
    """A text that every database accepts."""
    return text.replace("\0", "�").strip()[:LONGEST]
