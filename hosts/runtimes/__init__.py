"""What kinds of applications there are: one small module each, all with the same functions."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from hosts.pages import Answer, Ask
from hosts.runtimes import php, static
from hosts.server import Server
from model.component import Serve
from model.release import Digest


class Runtime(Protocol):
    """What a module in this folder offers."""

    def configure(self, folder: Path, release: Path, serve: Serve) -> None:
        """Add what the runtime needs to a new tree in `folder` that will become `release`."""

    def reload(self, server: Server) -> None:
        """Make the running service forget the old code, without failing a request."""

    def prove(self, digest: Digest, serve: Serve, answers: Sequence[Answer], ask: Ask) -> None:
        """Raises Failure unless the application itself says that it is this release."""

    def answer(self, server: Server, component: str, variables: Mapping[str, str]) -> str:
        """The Caddyfile lines that let the release answer."""


RUNTIMES: Mapping[str, Runtime] = {"php": php, "static": static}


def of(name: str) -> Runtime:
    return RUNTIMES[name]
