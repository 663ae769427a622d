"""Commits as a stream for `git fast-import`, which needs no work tree and writes one pack."""

import subprocess
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

from local.mirrors.git_commands import MirrorError, environment, last_lines

PACKED = ("-c", "fastimport.unpackLimit=1", "-c", "core.compression=1")
"""Always one pack, which is written in less time than git's default."""
WHOLE = ("--depth=0",)
"""No differences between files: half the time, and the same space, for files that differ."""


def commit(branch: str, author: str, date: int, message: str, parent: str) -> Iterator[bytes]:
    """The beginning of a commit for `git fast-import`; without a parent, it is the first."""
    yield f"commit refs/heads/{branch}\n".encode()
    yield f"author {author} {date} +0000\ncommitter {author} {date} +0000\n".encode()
    yield from sized(message.encode())
    if parent:
        yield f"from {parent}\n".encode()


def sized(content: bytes) -> tuple[bytes, ...]:
    """A `data` command with these bytes."""
    return f"data {len(content)}\n".encode(), content, b"\n"


def quoted(path: str) -> str:
    """A path in the syntax of `git fast-import`."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def fast_import(
    repository: str,
    folder: Path,
    commands: Iterable[bytes],
    configuration: Iterable[str] = (),
    options: Iterable[str] = (),
) -> None:
    """Run `git fast-import` on a stream of its commands."""
    program = ("fast-import", "--quiet", "--done", *options)
    command = ("git", *configuration, "-C", str(folder), *program)
    with (
        TemporaryFile() as errors,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stderr=errors, env=environment()
        ) as process,
    ):
        with suppress(BrokenPipeError):  # its own message is more useful
            process.stdin.writelines(commands)  # type: ignore[union-attr]  # it is a pipe
            process.stdin.write(b"done\n")  # type: ignore[union-attr]  # as above
            process.stdin.flush()  # type: ignore[union-attr]  # as above
        if process.wait():
            errors.seek(0)
            raise MirrorError(repository, command, last_lines(errors.read().decode()))
