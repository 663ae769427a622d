"""Runs other programs and waits for them: lists of arguments, never a shell."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import DEVNULL, PIPE

from agent.errors import FULL_TEXT, AgentError
from agent.masked_output import copy_output

PATH = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}

PYTHON = "/usr/bin/python3"
"""Debian's own, whichever Python the deploying account's PATH finds first."""

Command = Sequence[str | Path]


def die_with_parent(command: Command) -> list[str | Path]:
    """The command, killed by the kernel when this program ends: nothing runs on unattended.

    It does not start if this program has ended before the kernel knew of that.
    """
    child_of = ["sh", "-c", '[ "$PPID" = "$0" ] && exec "$@"', str(os.getpid())]
    return ["setpriv", "--pdeathsig", "KILL", *child_of, *command]


def with_debian_python(command: Sequence[str]) -> list[str]:
    """A component's command, in which `python` is Debian's."""
    program, *arguments = command
    return [PYTHON if program in ("python", "python3") else program, *arguments]


def run(command: Command, standard_input: str = "") -> str:
    """The command's standard output; raises AgentError with the first line of its errors."""
    result = subprocess.run(
        die_with_parent(command),
        input=standard_input,
        text=True,
        capture_output=True,
        env=PATH,
        check=False,
        close_fds=False,
    )
    if result.returncode:
        raise AgentError(failure_message(command, result.returncode, result.stderr))
    return result.stdout


def run_in_log(
    command: Command, folder: Path, environment: Mapping[str, str], hidden: str = ""
) -> int:
    """Run a component's own command; its exit code.

    Its output goes to the build's log, which anybody may read, without the hidden text.
    """
    output = PIPE if hidden else None
    with subprocess.Popen(
        die_with_parent(command),
        cwd=folder,
        env=environment,
        stdin=DEVNULL,
        stdout=output,
        stderr=output,
        # Children inherit the component's lock, so the next deployment waits for an orphan.
        close_fds=False,
    ) as process:
        return copy_output(process, hidden.encode()) if hidden else process.wait()


def pipe(source: Command, sink: Command) -> None:
    """Connect the source's output to the sink's input; raises AgentError when either fails.

    The source's errors go to a file: it would wait for ever for the reader of a full pipe. The file
    is in memory, because the disk may be full.
    """
    with (
        os.fdopen(os.memfd_create("errors"), "w+b") as errors,
        subprocess.Popen(
            die_with_parent(source),
            stdout=PIPE,
            stderr=errors,
            stdin=DEVNULL,
            env=PATH,
            close_fds=False,
        ) as process,
    ):
        result = subprocess.run(
            die_with_parent(sink),
            stdin=process.stdout,
            stdout=DEVNULL,
            stderr=PIPE,
            env=PATH,
            check=False,
            close_fds=False,
        )
        assert process.stdout  # noqa: S101  # for mypy: it is a PIPE
        process.stdout.close()
        process.wait()
        errors.seek(0)
        source_errors = errors.read().decode(errors="replace")
    if result.returncode:
        sink_errors = result.stderr.decode(errors="replace")
        raise AgentError(failure_message(sink, result.returncode, sink_errors))
    if process.returncode:
        raise AgentError(failure_message(source, process.returncode, source_errors))


def failure_message(command: Command, code: int, errors: str) -> str:
    """The program and the first line of its errors: the later lines follow from it.

    Of a full disk: tar's first line is `Wrote only 4096 of 10240 bytes`, and a later one may not
    say why.
    """
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    if not lines:
        return f"{command[0]} failed with {code}"
    first = next((line for line in lines if FULL_TEXT in line), lines[0])
    reason = f": {FULL_TEXT}" if "Wrote only" in first else ""
    return f"{command[0]} failed: {first}{reason}"
