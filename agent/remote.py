"""`python -m agent.remote --server server.toml`: the verbs of `agent` over SSH, for a deploy key.

sshd runs this program for every command of the key's owner, and passes that command in
SSH_ORIGINAL_COMMAND (https://man.openbsd.org/sshd#command=_command_). The client cannot name a path
of this server. Standard input is one line with the environment context, and with `prepare` a tar of
the release's files follows it.
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
from agent.disk import writing
from agent.errors import AgentError, error_message
from agent.server import Server
from model.reading import InvalidSite, read
from model.release import ARTIFACT, PROVENANCE

FLAGS = ("--together", "--switched", "--configuration")
"""The only options that a client may use."""
FILES = (ARTIFACT, PROVENANCE)
"""The files in the tar."""
MAX_CONTEXT = 1 << 20
"""Bytes of the environment context."""


def run_request() -> int:
    """The exit code of the verb that the client asks for."""
    parser = argparse.ArgumentParser(prog="slipway-agent over SSH", description=__doc__)
    parser.add_argument("--server", type=Path, required=True)
    file = parser.parse_args().server
    try:
        arguments = parse_command(os.environ.get("SSH_ORIGINAL_COMMAND", ""))
        context = sys.stdin.buffer.readline(MAX_CONTEXT).decode()
        with receive_files(arguments, sys.stdin.buffer, read(file, Server)) as options:
            return main(["--server", str(file), *arguments, *options], lambda: context)
    except (AgentError, InvalidSite, OSError, UnicodeDecodeError) as error:
        print(error_message(error), file=sys.stderr, flush=True)
        return 1


def parse_command(command: str) -> list[str]:
    """The arguments of the client's command; raises AgentError for a forbidden option."""
    try:
        arguments = shlex.split(command)
    except ValueError as error:
        raise AgentError(f"not a command: {error}") from None
    if not arguments:
        raise AgentError("this key only runs slipway-agent: name a verb")
    forbidden = [word for word in arguments if word.startswith("-") and word not in FLAGS]
    if forbidden:
        raise AgentError(f"'{forbidden[0]}' is not allowed over SSH")
    return arguments


@contextmanager
def receive_files(arguments: list[str], stream: BinaryIO, server: Server) -> Iterator[list[str]]:
    """The options that name the received files, which are removed after the block."""
    if arguments[0] != "prepare":
        yield []
        return
    server.state.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=server.state, prefix="received-") as folder:
        unpack(stream, Path(folder))
        artifact, provenance = (str(Path(folder) / name) for name in FILES)
        yield ["--artifact", artifact, "--provenance", provenance]


def unpack(stream: BinaryIO, folder: Path) -> None:
    """Write the tar's files to the folder; raises AgentError unless they are exactly `FILES`."""
    names = set()
    try:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                if member.name not in FILES or not member.isfile():
                    raise AgentError(
                        f"the tar holds '{member.name}', expected {' and '.join(FILES)}"
                    )
                path = folder / member.name
                with writing(path), path.open("xb") as file:
                    shutil.copyfileobj(archive.extractfile(member) or stream, file)
                names.add(member.name)
    except tarfile.TarError as error:
        raise AgentError(f"the tar is cut short or damaged: {error}") from None
    if missing := [name for name in FILES if name not in names]:
        raise AgentError(f"the tar lacks {missing[0]}")


if __name__ == "__main__":
    sys.exit(run_request())
