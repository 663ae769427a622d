"""Git on a worker: one bare repository per component, and trees made without a checkout."""

from collections.abc import Mapping, Sequence
from typing import Any

from buildbot.process.buildstep import ShellMixin
from buildbot.process.remotecommand import RemoteShellCommand

from model.component import Source
from model.tags import releases
from releases.provenance import Material
from steps.step import Step

REPOSITORY = "repository.git"
INDEX = "index"


class GitStep(Step, ShellMixin):  # type: ignore[misc]  # the mixin has no running build
    """A step of several commands in the component's repository; it ends at the first that fails."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs = self.setupShellMixin(kwargs, prohibitArgs=["command"])
        super().__init__(**kwargs)

    async def attempt(
        self,
        command: Sequence[str],
        stdin: str | bytes | None = None,
        env: Mapping[str, str] | None = None,
    ) -> RemoteShellCommand:
        """Run one command and keep what it prints; the caller looks at its exit code."""
        remote: RemoteShellCommand = await self.makeRemoteShellCommand(
            command=list(command),
            collectStdout=True,
            collectStderr=True,
            logEnviron=False,
            initialStdin=stdin,
            env={"GIT_INDEX_FILE": INDEX, "LC_ALL": "C.UTF-8", **(env or {})},
        )
        await self.runCommand(remote)
        return remote

    async def shell(self, *command: str, **kwargs: Any) -> str:
        """What one command prints; the step fails with its last line when it fails."""
        remote = await self.attempt(command, **kwargs)
        if remote.didFail():
            self.fail(last_line(remote.stderr) or f"{command[0]} failed")
        return str(remote.stdout)

    async def git(self, *arguments: str, **kwargs: Any) -> str:
        return await self.shell("git", f"--git-dir={REPOSITORY}", *arguments, **kwargs)

    async def in_tree(self, folder: str, index: str, *arguments: str, **kwargs: Any) -> str:
        """Run git in a folder that serves as work tree, with an index of its own."""
        up = "../" * (folder.count("/") + 1)
        command = ("git", "-C", folder, f"--git-dir={up}{REPOSITORY}", "--work-tree=.")
        return await self.shell(*command, *arguments, env={"GIT_INDEX_FILE": up + index}, **kwargs)

    async def fetch(self, source: Source, into: str = "") -> Material:
        """Have the newest commit that a source follows in the component's repository."""
        pattern = f"refs/heads/{source.branch}" if source.branch else "refs/tags/*"
        command = ("git", "ls-remote", source.repository, pattern, f"{pattern}^{{}}")
        listed = await self.attempt(command)
        if listed.didFail():
            self.fail(f"{source.repository} cannot be reached: {last_line(listed.stderr)}")
        release, commit = self.newest(source, listed.stdout)
        known = ("git", f"--git-dir={REPOSITORY}", "cat-file", "-e", f"{commit}^{{commit}}")
        if (await self.attempt(known)).didFail():
            ref = f"refs/tags/{release}" if source.release else f"refs/heads/{release}"
            kept = f"+{ref}:refs/slipway/{into or 'upstream'}"
            await self.git("fetch", "--quiet", "--no-tags", "--depth=1", source.repository, kept)
        return Material(repository=source.repository, release=release, commit=commit, into=into)

    def newest(self, source: Source, listing: str) -> tuple[str, str]:
        """The release or branch that `git ls-remote` lists as the newest, and its commit."""
        commits = pointed_at(listing)
        prefix = "refs/heads/" if source.branch else "refs/tags/"
        names = [ref.removeprefix(prefix) for ref in commits if ref.startswith(prefix)]
        found = names if source.branch else releases(source, names)
        if not found:
            self.fail(f"{source.repository} has no {source.follows}")
        return found[-1], commits[prefix + found[-1]]


def pointed_at(listing: str) -> dict[str, str]:
    """The commit of each ref in the output of `git ls-remote`, annotated tags resolved."""
    refs = {ref: commit for commit, ref in (line.split() for line in listing.splitlines())}
    return {ref: refs.get(f"{ref}^{{}}", refs[ref]) for ref in refs if not ref.endswith("^{}")}


def last_line(text: str) -> str:
    """The last line of what a command said, for a one-line outcome."""
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""
