"""Git on the master: with a time limit, in no thread, and few at a time for each host."""

from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from buildbot.master import BuildMaster
from buildbot.util import runprocess
from twisted.internet.defer import DeferredSemaphore

from change_sources.git_limits import NAME

GIT = str(Path(__file__).with_name("git_group.bash"))
"""Runs git so that all of its processes end when it is killed."""
SECONDS = 60.0
"""How long a command may be silent where `site.toml` does not say it."""
TOTAL_SECONDS = 300
ALLOWED = "site.toml: key 'git_seconds' says how long a git server may be silent"
PROCESSES = 4
"""At a time, for each host: a server that does not answer holds up no other."""
ENVIRONMENT = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"}


class GitError(Exception):
    """A command of git failed, or took too long; the text says what it says."""


HOSTS: defaultdict[str, DeferredSemaphore] = defaultdict(lambda: DeferredSemaphore(PROCESSES))


def host_processes(repository: str) -> DeferredSemaphore:
    """The processes of git that may talk to a repository's host at a time."""
    return HOSTS[urlsplit(repository).hostname or ""]


def silent_seconds(master: BuildMaster) -> float:
    """How long a command may be silent, as `site.toml` says."""
    services: Any = getattr(master, "service_manager", None)
    limits = services.namedServices.get(NAME) if services else None
    return float(limits.seconds) if limits else SECONDS


async def run_git(master: BuildMaster, *arguments: str, seconds: float | None = None) -> str:
    """The output of one command, in which anything that is not UTF-8 is replaced.

    It is killed when it is silent for some seconds, or takes much longer in all. Raises GitError.
    """
    silent = seconds or silent_seconds(master)
    total = max(TOTAL_SECONDS, silent)
    began = master.reactor.seconds()
    process = runprocess.create_process(
        master.reactor,
        [GIT, *arguments],
        env=ENVIRONMENT,
        io_timeout=silent,
        runtime_timeout=total,
    )
    code, stdout, stderr = await process.start()
    if code == 0:
        return str(stdout.decode(errors="replace"))
    if process.killed:
        if master.reactor.seconds() - began >= total:
            raise GitError(f"not at its end after {total:g} s")
        raise GitError(f"no answer in {silent:g} s; {ALLOWED}")
    raise GitError(stderr.decode(errors="replace").strip() or f"exit code {code}")
