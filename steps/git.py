"""Git on a worker: one bare repository per component, and trees made without a checkout."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from buildbot.process.buildstep import ShellMixin
from buildbot.process.remotecommand import RemoteShellCommand

from model.component import Source
from model.tags import releases
from releases.provenance import Material
from steps.step import Step

HEADS = "refs/heads/"
TAGS = "refs/tags/"
HERE = Path(__file__).parent
ENVIRONMENT = {"GIT_DIR": "repository.git", "GIT_INDEX_FILE": "index", "LC_ALL": "C.UTF-8"}
"""Every command works on the component's repository and on one index: the tree in the making."""


class GitStep(Step, ShellMixin):  # type: ignore[misc]  # the mixin has no running build
    """A step of a few commands in the component's repository; the first that fails ends it."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs = self.setupShellMixin(kwargs, prohibitArgs=["command"])
        super().__init__(**kwargs)

    async def attempt(
        self, command: Sequence[str], stdin: str | bytes | None = None
    ) -> RemoteShellCommand:
        """Run one command and keep what it prints; the caller looks at its exit code."""
        remote: RemoteShellCommand = await self.makeRemoteShellCommand(
            command=list(command),
            collectStdout=True,
            collectStderr=True,
            logEnviron=False,
            initialStdin=stdin,
            env=ENVIRONMENT,
        )
        await self.runCommand(remote)
        return remote

    async def shell(self, *command: str, stdin: str | bytes | None = None) -> str:
        """What one command prints; the step fails with its last line when it fails."""
        remote = await self.attempt(command, stdin)
        if remote.didFail():
            self.fail(last_line(remote.stderr) or f"{command[0]} failed")
        return str(remote.stdout)

    async def script(self, name: str, *arguments: str, stdin: str | bytes | None = None) -> str:
        """What one of the scripts beside this module prints; workers need nothing of ours."""
        text = (HERE / f"{name}.bash").read_text("utf-8")
        return await self.shell("bash", "-c", text, name, *arguments, stdin=stdin)

    async def lay(self, source: Source, into: str = "") -> tuple[Material, str]:
        """Lay the newest commit that a source follows into the tree; also its tree and date."""
        pattern = f"{HEADS}{source.branch}" if source.branch else f"{TAGS}*"
        command = ("git", "ls-remote", source.repository, pattern, f"{pattern}^{{}}")
        listed = await self.attempt(command)
        if listed.didFail():
            self.fail(f"{source.repository} cannot be reached: {last_line(listed.stderr)}")
        ref, commit = self.newest(source, listed.stdout)
        ours = f"refs/slipway/{into or 'upstream'}"
        facts = await self.script("lay", commit, source.repository, ref, ours, into)
        release = ref.removeprefix(HEADS).removeprefix(TAGS)
        made_of = Material(repository=source.repository, release=release, commit=commit, into=into)
        return made_of, facts.strip()

    def newest(self, source: Source, listing: str) -> tuple[str, str]:
        """The ref that `git ls-remote` lists as the newest of those followed, and its commit."""
        commits = pointed_at(listing)
        tags = [ref.removeprefix(TAGS) for ref in commits if ref.startswith(TAGS)]
        # git matches the end of a name too: `x/refs/heads/main` is not the branch `main`.
        heads = [f"{HEADS}{source.branch}"] if source.branch else []
        followed = [ref for ref in heads if ref in commits] or [
            f"{TAGS}{tag}" for tag in releases(source, tags)
        ]
        if not followed:
            self.fail(f"{source.repository} has no {source.follows}")
        return followed[-1], commits[followed[-1]]


def pointed_at(listing: str) -> dict[str, str]:
    """The commit of each ref in the output of `git ls-remote`, annotated tags resolved."""
    refs = {ref: commit for commit, ref in (line.split() for line in listing.splitlines())}
    return {ref: refs.get(f"{ref}^{{}}", refs[ref]) for ref in refs if not ref.endswith("^{}")}


def last_line(text: str) -> str:
    """The last line of what a command said, for a one-line outcome."""
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""
