"""The one place that runs other programs: lists, never lines for a shell."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import DEVNULL, PIPE

from agent.failure import Failure

PATH = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}

PYTHON = "/usr/bin/python3"
"""Debian's own, whatever else is on the PATH of whoever deploys."""

Command = Sequence[str | Path]


def die_with_parent(command: Command, account: int | None = None) -> list[str | Path]:
    """The command, made to die with this program, so that a killed deployment stops working."""
    own = [] if account is None else [f"--reuid={account}", f"--regid={account}", "--clear-groups"]
    return ["setpriv", "--pdeathsig", "KILL", *own, *command]


def debian(command: Sequence[str]) -> list[str]:
    """A component's command, in which `python` is Debian's."""
    program, *arguments = command
    return [PYTHON if program in ("python", "python3") else program, *arguments]


def run(command: Command, given: str = "") -> str:
    """What the command prints; raises Failure with the last line of its complaint."""
    done = subprocess.run(
        die_with_parent(command),
        input=given,
        text=True,
        capture_output=True,
        env=PATH,
        check=False,
        close_fds=False,
    )
    if done.returncode:
        raise Failure(complaint(command, done.returncode, done.stderr))
    return done.stdout


def show(
    command: Command, folder: Path, environment: Mapping[str, str], account: int | None
) -> int:
    """Run a component's own command in view of whoever reads the log; its exit code."""
    return subprocess.run(
        die_with_parent(command, account),
        cwd=folder,
        env=environment,
        stdin=DEVNULL,
        check=False,
        # Children keep the component's lock too, so an orphan makes the next deployment wait.
        close_fds=False,
    ).returncode


def pipe(source: Command, sink: Command) -> None:
    """Feed what one command prints to the other; raises Failure when either of them fails."""
    with subprocess.Popen(
        die_with_parent(source), stdout=PIPE, stderr=PIPE, stdin=DEVNULL, env=PATH, close_fds=False
    ) as first:
        second = subprocess.run(
            die_with_parent(sink),
            stdin=first.stdout,
            stdout=DEVNULL,
            stderr=PIPE,
            env=PATH,
            check=False,
            close_fds=False,
        )
        assert first.stdout and first.stderr  # noqa: S101  # for mypy: both are PIPE
        first.stdout.close()
        first_complaint = first.stderr.read()
    if second.returncode:
        raise Failure(complaint(sink, second.returncode, second.stderr.decode(errors="replace")))
    if first.returncode:
        raise Failure(complaint(source, first.returncode, first_complaint.decode(errors="replace")))


def complaint(command: Command, code: int, errors: str) -> str:
    """Which program failed and what it said: its first line, since the rest follows from it."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    return f"{command[0]} failed: {lines[0]}" if lines else f"{command[0]} failed with {code}"
