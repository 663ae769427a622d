"""Git on the master: with a time limit, in no thread, and few at a time for each host."""

from collections import defaultdict
from pathlib import Path
from urllib.parse import urlsplit

from buildbot.master import BuildMaster
from buildbot.util import runprocess
from twisted.internet.defer import DeferredSemaphore

GIT = str(Path(__file__).with_name("git_group.bash"))
"""Runs git so that all of its processes end when it is killed."""
SECONDS = 60
"""How long a command may be silent."""
TOTAL_SECONDS = 300
PROCESSES = 4
"""At a time, for each host: a server that does not answer holds up no other."""
ENVIRONMENT = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"}


class GitError(Exception):
    """A command of git failed, or took too long; the text says what it says."""


HOSTS: defaultdict[str, DeferredSemaphore] = defaultdict(lambda: DeferredSemaphore(PROCESSES))


def host_processes(repository: str) -> DeferredSemaphore:
    """The processes of git that may talk to a repository's host at a time."""
    return HOSTS[urlsplit(repository).hostname or ""]


async def run_git(master: BuildMaster, *arguments: str, seconds: float = SECONDS) -> str:
    """The output of one command; raises GitError."""
    process = runprocess.create_process(
        master.reactor,
        [GIT, *arguments],
        env=ENVIRONMENT,
        io_timeout=seconds,
        runtime_timeout=TOTAL_SECONDS,
    )
    code, stdout, stderr = await process.start()
    if code == 0:
        return str(stdout.decode(errors="replace"))
    if process.killed:
        raise GitError(f"no answer in {seconds} s")
    raise GitError(stderr.decode(errors="replace").strip() or f"exit code {code}")
