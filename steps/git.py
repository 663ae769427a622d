"""Git on a worker: one bare repository per component, and trees made without a checkout."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from buildbot.process.buildstep import ShellMixin
from buildbot.process.remotecommand import RemoteCommand, RemoteShellCommand
from buildbot.process.remotetransfer import StringFileReader

from steps.step import Step

HERE = Path(__file__).parent
ENVIRONMENT = {"GIT_DIR": "repository.git", "GIT_INDEX_FILE": "index", "LC_ALL": "C.UTF-8"}
"""Every command works on the component's repository and on one index: the tree in the making."""

BLOCK = 512 * 1024
"""Bytes a message when a file travels; Perspective Broker refuses more than 640 KiB."""

GIVEN = "given"
"""The file on the worker that holds what is too large for a command's standard input."""


class GitStep(Step, ShellMixin):  # type: ignore[misc]  # the mixin has no running build
    """A step of a few commands in the component's repository; the first that fails ends it."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs = self.setupShellMixin(kwargs, prohibitArgs=["command"])
        super().__init__(**kwargs)

    async def attempt(
        self, command: Sequence[str], stdin: bytes | None = None
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

    async def shell(self, *command: str, stdin: bytes | None = None) -> str:
        """What one command prints; the step fails with its last line when it fails."""
        remote = await self.attempt(command, stdin)
        if remote.didFail():
            self.fail(last_line(remote.stderr) or f"{command[0]} failed")
        return str(remote.stdout)

    async def script(self, name: str, *arguments: str, stdin: bytes | None = None) -> str:
        """What one of the scripts beside this module prints; the step fails when it fails."""
        remote = await self.attempt_script(name, *arguments, stdin=stdin)
        if remote.didFail():
            self.fail(last_line(remote.stderr) or f"{name} failed")
        return str(remote.stdout)

    async def attempt_script(
        self, name: str, *arguments: str, stdin: bytes | None = None
    ) -> RemoteShellCommand:
        """Run one of the scripts beside this module; workers need nothing of ours."""
        text = (HERE / f"{name}.bash").read_text("utf-8")
        if stdin is not None and len(stdin) > BLOCK:
            await self.send(stdin)
            text, stdin = f"exec <{GIVEN}\n{text}", None
        return await self.attempt(("bash", "-c", text, name, *arguments), stdin)

    async def send(self, content: bytes) -> None:
        """Put what is too large for one message into a file on the worker, block by block."""
        arguments = {
            "workdir": self.workdir,
            "workerdest": GIVEN,
            "reader": StringFileReader(content),
            "maxsize": None,
            "blocksize": BLOCK,
            "mode": 0o600,
        }
        await self.runCommand(RemoteCommand("downloadFile", arguments, ignore_updates=True))


def last_line(text: str) -> str:
    """The last line of what a command said, for a one-line outcome."""
    said = text.partition("\nfatal: Could not read from remote repository.")[0]
    lines = said.strip().splitlines()
    return lines[-1] if lines else ""
