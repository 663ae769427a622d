"""Git on a worker: one bare repository per component, and trees made without a checkout."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from buildbot.process.buildstep import BuildStepCancelled, ShellMixin
from buildbot.process.remotecommand import RemoteCommand, RemoteShellCommand
from buildbot.process.remotetransfer import StringFileReader

from change_sources.git_process import silent_seconds
from steps.records import fields
from steps.step import Step

SCRIPTS = Path(__file__).parent
ENVIRONMENT = {
    "GIT_DIR": "repository.git",
    "GIT_INDEX_FILE": "index",
    "LC_ALL": "C.UTF-8",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_HTTP_LOW_SPEED_LIMIT": "1",
}
"""Every command works on the component's repository and on one index, which holds the tree.

How long a server may be slower than a byte in a second, `site.toml` says.
"""

FETCHING = {"add_source", "fork", "submodules", "upstream_ids"}
"""The scripts that fetch; `fetching.bash` is what they have in common. It ends a silent fetch."""

SHOWN = 20_000
"""Characters of an answer that are logged."""

BROKEN = 3
"""The exit code of a script that finds a repository of the worker damaged."""

DAMAGE = re.compile(
    r"^(?:error|fatal): .*(?:\bcorrupt|is empty|bad (?:object|tree object|index)"
    r"|unable to (?:read|unpack|find) |missing (?:blob|tree|commit)|does not match index"
    r"|invalid object|index file |inflate: )",  # the last: git 2.47 of Debian 13
    re.MULTILINE,
)
"""What git says of objects, packs and indexes that it cannot read."""

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
        """Run one command and keep its output; the caller checks its exit code.

        A command that was stopped or took too long ends the step: its output is not complete.
        """
        remote: RemoteShellCommand = await self.makeRemoteShellCommand(
            command=list(command),
            collectStdout=True,
            collectStderr=True,
            logEnviron=False,
            initialStdin=stdin,
            env=environment(silent_seconds(self.master)),
        )
        await self.runCommand(remote)
        if self.stopped:
            raise BuildStepCancelled
        if self.timed_out:
            address = next((word for word in command[4:] if "://" in word), "")
            silent = address or command_name(command)
            self.fail(f"{silent} gave no sign of life for {self.timeout:g} s")
        return remote

    async def run_command(self, *command: str, stdin: bytes | None = None) -> str:
        """The output of one command; the step fails when the command fails."""
        remote = await self.attempt(command, stdin)
        if remote.didFail():
            await self.fail_with(remote, command[0])
        return str(remote.stdout)

    async def run_script(self, name: str, *arguments: str, stdin: bytes | None = None) -> str:
        """The output of a script of this folder; the step fails when the script fails."""
        remote = await self.attempt_script(name, *arguments, stdin=stdin)
        if remote.didFail():
            await self.fail_with(remote, name)
        return str(remote.stdout)

    async def run_records(
        self, name: str, *arguments: str, stdin: bytes | None = None
    ) -> list[str]:
        """The fields that a script of this folder prints; the step fails when the script fails."""
        remote = await self.attempt_script(name, *arguments, stdin=stdin)
        if remote.didFail():
            await self.fail_with(remote, name)
        answer = self.read_fields(remote)
        await self.show("\n".join(answer))
        return answer

    def read_fields(self, remote: RemoteShellCommand) -> list[str]:
        """What a script printed (see `records.py`); the step fails when that is not whole."""
        try:
            return fields(remote.stdout)
        except ValueError as error:
            self.fail(f"the worker's answer is not whole: {error}")

    async def capture(self, command: Sequence[str]) -> tuple[str, RemoteShellCommand]:
        """The output of a command, exactly; the caller checks its exit code."""
        remote = await self.attempt_script("capture", *command)
        output = "\0".join(self.read_fields(remote))
        await self.show(output)
        return output, remote

    async def show(self, output: str) -> None:
        """Log what base64 stands for, so that people can read it."""
        log = self.getLog("stdio")
        await log.addHeader(f"{output[:SHOWN]}\n")  # type: ignore[attr-defined]  # a StreamLog

    async def fail_with(self, remote: RemoteShellCommand, name: str) -> NoReturn:
        """End the step with what a failed command says, and make a damaged repository anew."""
        reason = last_line(remote.stderr) or f"{name} failed"
        if is_damage(remote):
            await self.attempt_script("repository", "anew")
            reason += "; the worker has removed its copies: build again"
        self.fail(reason)

    async def attempt_script(
        self, name: str, *arguments: str, stdin: bytes | None = None
    ) -> RemoteShellCommand:
        """Run a script of this folder on the worker; the caller checks its exit code."""
        text = script_text(name)
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


def environment(seconds: float) -> dict[str, str]:
    """The environment of a command of git, which gives up a server that is silent so long."""
    return {**ENVIRONMENT, "GIT_HTTP_LOW_SPEED_TIME": f"{seconds:.0f}"}


def script_text(name: str) -> str:
    """A script of this folder, complete."""
    names = ("fetching", name) if name in FETCHING else (name,)
    return "".join((SCRIPTS / f"{each}.bash").read_text("utf-8") for each in names)


def command_name(command: Sequence[str]) -> str:
    """The name of a script, or the program."""
    return command[3] if tuple(command[:2]) == ("bash", "-c") else command[0]


def is_damage(remote: RemoteShellCommand) -> bool:
    """Whether a command failed because a repository of the worker is damaged."""
    return remote.rc == BROKEN or bool(DAMAGE.search(remote.stderr))


def last_line(text: str) -> str:
    """The last line of a command's output."""
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""


def reason(text: str) -> str:
    """Why git does not reach a repository: its last line before its general advice."""
    return last_line(text.partition("\nfatal: Could not read from remote repository.")[0])
