"""`python -m agent --server server.toml VERB COMPONENT ...`: one step of a deployment."""

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from agent import account_command, lock
from agent.abandon import abandon
from agent.component_directory import ComponentDirectory
from agent.errors import AgentError, error_message
from agent.prepare import prepare
from agent.rehearse import rehearse
from agent.server import Server
from agent.status import status
from agent.switch import keep, switch
from model.reading import InvalidSite, read
from model.release import SHORT, EnvironmentContext


def main(
    arguments: Sequence[str] | None = None, read_input: Callable[[], str] = sys.stdin.read
) -> int:
    """Run one verb; the exit code. The last line printed is the result in a sentence.

    `read_input` returns the environment context, which `prepare` and `rehearse` need.
    """
    options = argument_parser().parse_args(arguments)
    os.umask(0o022)
    try:
        directory = ComponentDirectory(read(options.server, Server), options.component)
        print(run_verb(options, directory, read_input), flush=True)
    except (AgentError, InvalidSite, OSError) as error:
        sys.stdout.flush()
        print(error_message(error), file=sys.stderr, flush=True)
        return 1
    return 0


def run_verb(
    options: argparse.Namespace, directory: ComponentDirectory, read_input: Callable[[], str]
) -> str:
    """The result in a sentence. Every verb but `status` takes the component's lock first."""
    if options.verb == "status":
        return status(directory)
    digest = getattr(options, "digest", "")
    directory.path.mkdir(parents=True, exist_ok=True)
    with lock.exclusive(directory.path / ".lock", f"{options.verb} {digest[:SHORT]}".strip()):
        account_command.remove(directory)
        match options.verb:
            case "prepare":
                files = options.artifact, options.provenance
                return prepare(directory, digest, parse_context(read_input()), *files)
            case "rehearse":
                return rehearse(directory, digest, parse_context(read_input()))
            case "switch":
                with report_live_release(directory):
                    return switch(
                        directory,
                        digest,
                        configuration=options.configuration,
                        together=options.together,
                    )
            case "keep":
                with report_live_release(directory):
                    return keep(directory, digest)
            case _:
                with report_live_release(directory):
                    return abandon(directory, options.switched)


@contextmanager
def report_live_release(directory: ComponentDirectory) -> Iterator[None]:
    """Print the live release after the block, also when the block fails."""
    try:
        yield
    finally:
        print(f"current: {directory.live or 'none'}", flush=True)


def parse_context(text: str) -> EnvironmentContext:
    try:
        return EnvironmentContext.model_validate_json(text)
    except ValidationError as error:
        # The error's text quotes the input, which holds secrets.
        keys = ", ".join(".".join(map(str, details["loc"])) for details in error.errors())
        raise AgentError(
            f"the environment context on standard input is wrong: {keys or 'not JSON'}"
        ) from None


def argument_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="slipway-agent", description=__doc__)
    parser.add_argument("--server", type=Path, required=True)
    verbs = parser.add_subparsers(dest="verb", required=True)
    digest = text_matching(r"[0-9a-f]{64}")
    for name in ("prepare", "rehearse", "switch", "keep", "abandon", "status"):
        verb = verbs.add_parser(name)
        verb.add_argument("component", type=text_matching(r"[a-z][a-z0-9-]{0,23}"))
        if name in ("prepare", "rehearse", "switch", "keep"):
            verb.add_argument("digest", type=digest)
        if name == "prepare":
            verb.add_argument("--artifact", type=Path)
            verb.add_argument("--provenance", type=Path)
        if name == "switch":
            verb.add_argument("--configuration", type=text_matching(r"\d*"), help="of the release")
            verb.add_argument("--together", action="store_true", help="wait for `keep`")
        if name == "abandon":
            verb.add_argument("--switched", type=digest, help="undo a switch to it as well")
    return parser


def text_matching(pattern: str) -> Callable[[str], str]:
    """The type of an argument that becomes part of a path, and so must match a pattern."""

    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise argparse.ArgumentTypeError(f"'{text}' must match {pattern}")
        return text

    return parse


if __name__ == "__main__":
    sys.exit(main())
