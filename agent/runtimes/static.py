"""Plain files. One of them names the instance, which its response identifies."""
# ruff: noqa: ARG001 - every runtime takes the same arguments

from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.commands import Command
from agent.component_directory import ComponentDirectory
from agent.disk import writing
from agent.errors import AgentError
from agent.instance import Instance
from agent.pages import FetchPage, PageResponse
from agent.server import Server
from model.component import Serve
from model.environment import Environment

NAME_FILE = ".well-known/slipway-release"


def configure(
    directory: ComponentDirectory, instance: Instance, folder: Path, serve: Serve
) -> None:
    file = folder / (serve.root or ".") / NAME_FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    with writing(file):
        file.write_text(directory.tree(instance).name + "\n")


def reload(directory: ComponentDirectory) -> None:
    """Do nothing: no process has old code in memory."""


def verify_instance(
    name: str, serve: Serve, responses: Sequence[PageResponse], fetch_page: FetchPage
) -> None:
    response = fetch_page(f"/{NAME_FILE}")
    if response.body.strip() != name:
        raise AgentError(f"GET /{NAME_FILE} -> {response}, expected '{name}'")


def caddy_directives(
    directory: ComponentDirectory, link: str, service: str, environment: Environment
) -> str:
    return "file_server"


def variables(release: Path) -> Mapping[str, str]:
    return {}


def version(server: Server) -> Command:
    return ()
