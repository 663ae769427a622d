"""Runs other programs and waits for them: lists of arguments, never a shell."""

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from subprocess import DEVNULL, PIPE

from agent.errors import FULL_TEXT, AgentError
from agent.masked_output import copy_output

PATH = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}

PYTHON = "/usr/bin/python3"
"""Debian's own, whichever Python the deploying account's PATH finds first."""

Command = Sequence[str | Path]
Watch = Callable[[], None]
"""Called while a command runs; an error that it raises ends the command."""
WATCH_SECONDS = 0.5


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


def run(command: Command, standard_input: str = "", watch: Watch | None = None) -> str:
    """The command's standard output; raises AgentError with the first line of its errors."""
    with subprocess.Popen(
        die_with_parent(command),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        text=True,
        env=PATH,
        close_fds=False,
    ) as process:
        output, errors = communicate(process, standard_input, watch)
    if process.returncode:
        raise AgentError(failure_message(command, process.returncode, errors))
    return output


def communicate(
    process: "subprocess.Popen[str]", standard_input: str | None, watch: Watch | None
) -> tuple[str, str]:
    """The output and the errors of a process at its end."""
    try:
        while True:
            try:
                return process.communicate(standard_input, WATCH_SECONDS if watch else None)
            except subprocess.TimeoutExpired:
                standard_input = None  # it is sent already, or kept until it can be
                if watch:
                    watch()
    except BaseException:
        process.kill()
        raise


def run_in_log(
    command: Command,
    folder: Path,
    environment: Mapping[str, str],
    hidden: str = "",
    watch: Watch | None = None,
) -> int:
    """Run a component's own command; its exit code.

    Its output goes to the build's log, which anybody may read, without the hidden text.
    """
    with subprocess.Popen(
        die_with_parent(command),
        cwd=folder,
        env=environment,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        # Children inherit the component's lock, so the next deployment waits for an orphan.
        close_fds=False,
    ) as process:
        try:
            return copy_output(process, hidden.encode(), watch)
        except BaseException:
            process.kill()
            raise


def pipe(source: Command, sink: Command, watch: Watch | None = None) -> None:
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
        subprocess.Popen(
            die_with_parent(sink),
            stdin=process.stdout,
            stdout=DEVNULL,
            stderr=PIPE,
            text=True,
            errors="replace",
            env=PATH,
            close_fds=False,
        ) as receiving,
    ):
        assert process.stdout  # noqa: S101  # for mypy: it is a PIPE
        process.stdout.close()
        _, sink_errors = communicate(receiving, None, watch)
        process.wait()
        errors.seek(0)
        source_errors = errors.read().decode(errors="replace")
    if receiving.returncode:
        raise AgentError(failure_message(sink, receiving.returncode, sink_errors))
    if process.returncode:
        raise AgentError(failure_message(source, process.returncode, source_errors))


def failure_message(command: Command, code: int, errors: str) -> str:
    """The program and the first line of its errors: the later lines follow from it.

    Of a full disk: tar's first line is `Wrote only 4096 of 10240 bytes`, and a later one may not
    say why. MariaDB repeats a statement that failed, which may be long, before the error.
    """
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    if not lines:
        return f"{command[0]} failed with {code}"
    named = (line for line in lines if FULL_TEXT in line or line.startswith("ERROR "))
    first = next(named, lines[0])
    reason = f": {FULL_TEXT}" if "Wrote only" in first else ""
    return f"{command[0]} failed: {first}{reason}"
