"""Plain files; one of them holds the digest of the release it belongs to."""
# ruff: noqa: ARG001 - every runtime takes the same arguments

from collections.abc import Mapping, Sequence
from pathlib import Path

from hosts.failure import Failure
from hosts.pages import Answer, Ask
from hosts.server import Server
from model.component import Serve
from model.release import SHORT, Digest

MARK = ".well-known/slipway-release"


def configure(folder: Path, release: Path, serve: Serve) -> None:
    mark = folder / (serve.root or ".") / MARK
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.unlink(missing_ok=True)
    mark.write_text(release.name + "\n")


def reload(server: Server) -> None:
    """Nothing runs, so nothing remembers."""


def prove(digest: Digest, serve: Serve, answers: Sequence[Answer], ask: Ask) -> None:
    told = ask(f"/{MARK}")
    if told.body.strip() != digest:
        raise Failure(f"GET /{MARK} -> {told}, expected {digest[:SHORT]}…")


def answer(server: Server, component: str, variables: Mapping[str, str]) -> str:
    return "file_server"
