"""Git on a worker: one bare repository per component, and trees made without a checkout."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from buildbot.process.buildstep import ShellMixin
from buildbot.process.remotecommand import RemoteCommand, RemoteShellCommand
from buildbot.process.remotetransfer import StringFileReader

from steps.step import Step

SCRIPTS = Path(__file__).parent
ENVIRONMENT = {"GIT_DIR": "repository.git", "GIT_INDEX_FILE": "index", "LC_ALL": "C.UTF-8"}
"""Every command works on the component's repository and on one index, which holds the tree."""

BLOCK = 512 * 1024
"""Bytes in one message of a file transfer; Perspective Broker refuses more than 640 KiB."""

INPUT_FILE = "input"
"""The file on the worker that replaces a standard input too large for one message."""


class GitStep(Step, ShellMixin):  # type: ignore[misc]  # the mixin has no running build
    """A step of a few commands in the component's repository."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs = self.setupShellMixin(kwargs, prohibitArgs=["command"])
        super().__init__(**kwargs)

    async def attempt(
        self, command: Sequence[str], stdin: bytes | None = None
    ) -> RemoteShellCommand:
        """Run one command and keep its output; the caller checks its exit code."""
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

    async def run_command(self, *command: str, stdin: bytes | None = None) -> str:
        """The output of one command; the step fails when the command fails."""
        remote = await self.attempt(command, stdin)
        if remote.didFail():
            self.fail(last_line(remote.stderr) or f"{command[0]} failed")
        return str(remote.stdout)

    async def run_script(self, name: str, *arguments: str, stdin: bytes | None = None) -> str:
        """The output of a script of this folder; the step fails when the script fails."""
        remote = await self.attempt_script(name, *arguments, stdin=stdin)
        if remote.didFail():
            self.fail(last_line(remote.stderr) or f"{name} failed")
        return str(remote.stdout)

    async def attempt_script(
        self, name: str, *arguments: str, stdin: bytes | None = None
    ) -> RemoteShellCommand:
        """Run a script of this folder on the worker; the caller checks its exit code."""
        text = (SCRIPTS / f"{name}.bash").read_text("utf-8")
        if stdin is not None and len(stdin) > BLOCK:
            await self.upload_file(INPUT_FILE, stdin)
            text, stdin = f"exec <{INPUT_FILE}\n{text}", None
        return await self.attempt(("bash", "-c", text, name, *arguments), stdin)

    async def upload_file(self, name: str, content: bytes) -> None:
        """Write a file on the worker, block by block."""
        arguments = {
            "workdir": self.workdir,
            "workerdest": name,
            "reader": StringFileReader(content),
            "maxsize": None,
            "blocksize": BLOCK,
            "mode": 0o600,
        }
        await self.runCommand(RemoteCommand("downloadFile", arguments, ignore_updates=True))


def last_line(text: str) -> str:
    """The last line of a command's output, without git's general advice."""
    output = text.partition("\nfatal: Could not read from remote repository.")[0]
    lines = output.strip().splitlines()
    return lines[-1] if lines else ""
