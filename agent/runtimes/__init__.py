"""The runtimes: one small module for each kind of application, all with the same functions.

A module here implements the protocol `RuntimeAdapter` and has a line in the table `RUNTIMES`;
"Add a runtime" in `CONTRIBUTING.md` names the other files.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from agent.commands import Command
from agent.component_directory import ComponentDirectory
from agent.instance import Instance
from agent.pages import FetchPage, PageResponse
from agent.runtimes import application_server, php, static
from agent.server import Server
from model.component import Serve
from model.environment import Environment


class RuntimeAdapter(Protocol):
    """What a runtime adds to a deployment; any release with services gets processes besides."""

    def configure(
        self, directory: ComponentDirectory, instance: Instance, folder: Path, serve: Serve
    ) -> None:
        """Add the runtime's files to a new tree in `folder`, which will become the instance.

        The tree may hold those of another instance, as hard links to that one's files.
        """

    def reload(self, directory: ComponentDirectory) -> None:
        """Make the running service load the new code, without failing a request."""

    def verify_instance(
        self,
        name: str,
        serve: Serve,
        responses: Sequence[PageResponse],
        fetch_page: FetchPage,
    ) -> None:
        """Raises AgentError unless the instance in the folder `name` answers.

        `responses` are those to its checks.
        """

    def caddy_directives(
        self, directory: ComponentDirectory, link: str, service: str, environment: Environment
    ) -> str:
        """The Caddyfile lines that pass requests to the release that the link points at."""

    def variables(self, release: Path) -> Mapping[str, str]:
        """Environment variables of the instance's commands, added to those of every runtime."""

    def version(self, server: Server) -> Command:
        """A command that prints the version; empty when the runtime has none."""


RUNTIMES: Mapping[str, RuntimeAdapter] = {
    "php": php,
    "static": static,
    "node": application_server.NODE,
    "python": application_server.PYTHON,
}


def get_runtime(name: str) -> RuntimeAdapter:
    return RUNTIMES[name]
