"""Plain files. One of them holds the digest of the release, by which a response identifies it."""
# ruff: noqa: ARG001 - every runtime takes the same arguments

from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.commands import Command
from agent.component_directory import ComponentDirectory
from agent.errors import AgentError
from agent.pages import FetchPage, PageResponse
from agent.server import Server
from model.component import Serve
from model.environment import Environment
from model.release import SHORT, Digest

DIGEST_FILE = ".well-known/slipway-release"


def configure(directory: ComponentDirectory, digest: Digest, folder: Path, serve: Serve) -> None:
    file = folder / (serve.root or ".") / DIGEST_FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.write_text(digest + "\n")


def reload(server: Server) -> None:
    """Do nothing: no process has old code in memory."""


def verify_digest(
    digest: Digest, serve: Serve, responses: Sequence[PageResponse], fetch_page: FetchPage
) -> None:
    response = fetch_page(f"/{DIGEST_FILE}")
    if response.body.strip() != digest:
        raise AgentError(f"GET /{DIGEST_FILE} -> {response}, expected {digest[:SHORT]}…")


def caddy_directives(
    directory: ComponentDirectory, link: str, service: str, environment: Environment
) -> str:
    return "file_server"


def variables(release: Path) -> Mapping[str, str]:
    return {}


def version(server: Server) -> Command:
    return ()
