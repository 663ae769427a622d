"""Plain files; one of them holds the digest of the release it belongs to."""
# ruff: noqa: ARG001 - every runtime takes the same arguments

from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.commands import Command
from agent.component_directory import ComponentDirectory
from agent.failure import Failure
from agent.pages import Answer, Ask
from agent.server import Server
from model.component import Serve
from model.environment import Environment
from model.release import SHORT, Digest

MARK = ".well-known/slipway-release"


def configure(directory: ComponentDirectory, digest: Digest, folder: Path, serve: Serve) -> None:
    mark = folder / (serve.root or ".") / MARK
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.unlink(missing_ok=True)
    mark.write_text(digest + "\n")


def reload(server: Server) -> None:
    """Nothing runs, so nothing remembers."""


def prove(digest: Digest, serve: Serve, answers: Sequence[Answer], ask: Ask) -> None:
    told = ask(f"/{MARK}")
    if told.body.strip() != digest:
        raise Failure(f"GET /{MARK} -> {told}, expected {digest[:SHORT]}…")


def answer(directory: ComponentDirectory, link: str, service: str, environment: Environment) -> str:
    return "file_server"


def variables(release: Path) -> Mapping[str, str]:
    return {}


def version(server: Server) -> Command:
    return ()
