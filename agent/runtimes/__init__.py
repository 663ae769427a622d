"""The runtimes: one small module for each kind of application, all with the same functions.

To add one, follow the docstring of `Runtime` in `model/component.py`: its name goes there, its
module goes here, with the functions of the class `Runtime` below, and into the table `RUNTIMES`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from agent.commands import Command
from agent.component_directory import ComponentDirectory
from agent.pages import Answer, Ask
from agent.runtimes import php, served, static
from agent.server import Server
from model.component import Serve
from model.environment import Environment
from model.release import Digest


class Runtime(Protocol):
    """What each kind offers; processes are started for whichever release names services."""

    def configure(
        self, directory: ComponentDirectory, digest: Digest, folder: Path, serve: Serve
    ) -> None:
        """Add what the runtime needs to a new tree in `folder` that will become the release."""

    def reload(self, server: Server) -> None:
        """Make the running service forget the old code, without failing a request."""

    def prove(self, digest: Digest, serve: Serve, answers: Sequence[Answer], ask: Ask) -> None:
        """Raises Failure unless the application itself says that it is this release."""

    def answer(
        self, directory: ComponentDirectory, link: str, service: str, environment: Environment
    ) -> str:
        """The Caddyfile lines that let the release answer which the link means."""

    def variables(self, release: Path) -> Mapping[str, str]:
        """What the commands of a release find in their environment besides the usual."""

    def version(self, server: Server) -> Command:
        """A command that prints the version; empty when there are none."""


RUNTIMES: Mapping[str, Runtime] = {
    "php": php,
    "static": static,
    "node": served.NODE,
    "python": served.PYTHON,
}


def of(name: str) -> Runtime:
    return RUNTIMES[name]
