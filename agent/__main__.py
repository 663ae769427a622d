"""`python -m agent --server server.toml VERB COMPONENT ...`: one step of a deployment."""

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from agent import lock
from agent.abandon import abandon
from agent.check import check
from agent.component_directory import ComponentDirectory
from agent.failure import Failure, sentence
from agent.migrate import migrate
from agent.prepare import prepare
from agent.server import Server
from agent.status import status
from agent.switch import keep, switch
from model.reading import InvalidSite, read
from model.release import SHORT, EnvironmentContext


def main(words: Sequence[str] | None = None, given: Callable[[], str] = sys.stdin.read) -> int:
    """The exit code; the last line printed is the outcome in a sentence.

    The words are those of the command line, and what is given is its standard input, unless said.
    """
    arguments = parser().parse_args(words)
    os.umask(0o022)
    try:
        directory = ComponentDirectory(read(arguments.server, Server), arguments.component)
        print(outcome(arguments, directory, given), flush=True)
    except (Failure, InvalidSite, OSError) as reason:
        sys.stdout.flush()
        print(sentence(reason), file=sys.stderr, flush=True)
        return 1
    return 0


def outcome(
    arguments: argparse.Namespace, directory: ComponentDirectory, given: Callable[[], str]
) -> str:
    """Do what the verb says, alone; reading the status disturbs nobody and waits for nobody."""
    if arguments.verb == "status":
        return status(directory)
    digest = getattr(arguments, "digest", "")
    directory.folder.mkdir(parents=True, exist_ok=True)
    with lock.held(directory.folder / ".lock", f"{arguments.verb} {digest[:SHORT]}".strip()):
        match arguments.verb:
            case "prepare":
                files = arguments.artifact, arguments.provenance
                return prepare(directory, digest, context(given()), *files)
            case "migrate":
                return migrate(directory, digest)
            case "check":
                return check(directory, digest)
            case "switch":
                with announced(directory):
                    return switch(directory, digest, together=arguments.together)
            case "keep":
                with announced(directory):
                    return keep(directory, digest)
            case _:
                with announced(directory):
                    return abandon(directory, arguments.switched)


@contextmanager
def announced(directory: ComponentDirectory) -> Iterator[None]:
    """Say at the end which release is live, whether it went well or not."""
    try:
        yield
    finally:
        print(f"current: {directory.live or 'none'}", flush=True)


def context(text: str) -> EnvironmentContext:
    try:
        return EnvironmentContext.model_validate_json(text)
    except ValidationError as invalid:
        # Not its text: that quotes the input, which holds secrets.
        keys = ", ".join(".".join(map(str, error["loc"])) for error in invalid.errors())
        raise Failure(
            f"the environment context on standard input is wrong: {keys or 'not JSON'}"
        ) from None


def parser() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(prog="slipway-agent", description=__doc__)
    words.add_argument("--server", type=Path, required=True)
    verbs = words.add_subparsers(dest="verb", required=True)
    for name in ("prepare", "migrate", "check", "switch", "keep", "abandon", "status"):
        verb = verbs.add_parser(name)
        verb.add_argument("component", type=matching(r"[a-z][a-z0-9-]{0,23}"))
        if name in ("prepare", "migrate", "check", "switch", "keep"):
            verb.add_argument("digest", type=matching(r"[0-9a-f]{64}"))
        if name == "prepare":
            verb.add_argument("--artifact", type=Path)
            verb.add_argument("--provenance", type=Path)
        if name == "switch":
            verb.add_argument("--together", action="store_true", help="other servers decide too")
        if name == "abandon":
            release = matching(r"[0-9a-f]{64}")
            verb.add_argument("--switched", type=release, help="undo a switch to it as well")
    return words


def matching(pattern: str) -> Callable[[str], str]:
    """An argument that must match, since it becomes part of paths."""

    def checked(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise argparse.ArgumentTypeError(f"'{text}' must match {pattern}")
        return text

    return checked


if __name__ == "__main__":
    sys.exit(main())
