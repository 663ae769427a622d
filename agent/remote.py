"""What a deploy key may do on a server, and all that it may: the verbs of `agent`, over SSH.

sshd runs `python -m agent.remote --server server.toml` whatever the client asks for, and says what
that was in SSH_ORIGINAL_COMMAND (https://man.openbsd.org/sshd#command=_command_). No path of this
server can be named from outside: `prepare` is sent the files on standard input, as a tar that
follows the line with the order.
"""

import argparse
import os
import shlex
import shutil
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from agent.__main__ import main
from agent.failure import Failure, sentence
from agent.server import Server
from model.reading import InvalidSite, read
from model.release import ARTIFACT, PROVENANCE

FLAGS = ("--together", "--switched")
FILES = (ARTIFACT, PROVENANCE)
"""What the tar may hold."""
LONGEST = 1 << 20
"""Bytes of the order."""


def served() -> int:
    """The exit code of what was asked for."""
    words = argparse.ArgumentParser(prog="slipway-agent over SSH", description=__doc__)
    words.add_argument("--server", type=Path, required=True)
    file = words.parse_args().server
    try:
        asked = allowed(os.environ.get("SSH_ORIGINAL_COMMAND", ""))
        context = sys.stdin.buffer.readline(LONGEST).decode()
        with received(asked, sys.stdin.buffer, read(file, Server)) as files:
            return main(["--server", str(file), *asked, *files], lambda: context)
    except (Failure, InvalidSite, OSError, UnicodeDecodeError) as reason:
        print(sentence(reason), file=sys.stderr, flush=True)
        return 1


def allowed(command: str) -> list[str]:
    """The words of a command, none of which names a path; raises Failure."""
    try:
        words = shlex.split(command)
    except ValueError as mistake:
        raise Failure(f"not a command: {mistake}") from None
    if not words:
        raise Failure("this key runs slipway-agent and nothing else: give it a verb")
    if refused := [word for word in words if word.startswith("-") and word not in FLAGS]:
        raise Failure(f"'{refused[0]}' is not for SSH")
    return words


@contextmanager
def received(asked: list[str], stream: BinaryIO, server: Server) -> Iterator[list[str]]:
    """The arguments that name what was sent along; it is gone afterwards."""
    if asked[0] != "prepare":
        yield []
        return
    server.state.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=server.state, prefix="received-") as folder:
        unpack(stream, Path(folder))
        artifact, provenance = (str(Path(folder) / name) for name in FILES)
        yield ["--artifact", artifact, "--provenance", provenance]


def unpack(stream: BinaryIO, folder: Path) -> None:
    """Write the files of the tar, as they come; raises Failure unless they are exactly those."""
    came = set()
    try:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                if member.name not in FILES or not member.isfile():
                    raise Failure(f"sent along: '{member.name}', expected {' and '.join(FILES)}")
                with (folder / member.name).open("xb") as file:
                    shutil.copyfileobj(archive.extractfile(member) or stream, file)
                came.add(member.name)
    except tarfile.TarError as mistake:
        raise Failure(f"what was sent along is cut short or damaged: {mistake}") from None
    if missing := [name for name in FILES if name not in came]:
        raise Failure(f"not sent along: {missing[0]}")


if __name__ == "__main__":
    sys.exit(served())
