"""Applications that are processes of their own: node and python, which differ in variables only."""
# ruff: noqa: ARG002 - every runtime takes the same arguments

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent import commands, instances
from agent.commands import PATH, Command
from agent.component_directory import NEXT, ComponentDirectory
from agent.pages import Answer, Ask
from agent.runtimes import static
from agent.server import Server
from model.component import Serve
from model.environment import Environment
from model.release import Digest

AS_IF_PUBLIC = {
    "X-Forwarded-For": "127.0.0.1",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "{hostport}",
}
"""What Caddy tells of visitors, but not of those who ask through the preview socket."""


@dataclass(frozen=True)
class Served:
    """One language's releases."""

    interpreter: Command
    """Prints its version."""
    settings: Callable[[Path], Mapping[str, str]]
    """From a release's folder to the language's own environment variables."""

    def configure(
        self, directory: ComponentDirectory, digest: Digest, folder: Path, serve: Serve
    ) -> None:
        """Add the digest as a file, and the link by which the edge finds this release's sockets."""
        static.configure(directory, digest, folder, serve)
        link = folder / instances.RUN
        link.unlink(missing_ok=True)
        link.symlink_to(instances.sockets(directory.server, directory.component, digest))

    def reload(self, server: Server) -> None:
        """Each release has processes of its own: none remembers another's code."""

    def prove(self, digest: Digest, serve: Serve, answers: Sequence[Answer], ask: Ask) -> None:
        """That the edge follows the link; that the processes are the release's, the kernel says."""
        static.prove(digest, serve, answers, ask)

    def answer(
        self, directory: ComponentDirectory, link: str, service: str, environment: Environment
    ) -> str:
        """The edge's side of a process.

        No connection is kept, since it would go on reaching the release before. Nobody listens
        while a process that died starts again: requests wait for it.
        """
        socket = instances.dialled(directory.server, directory.component, link, service)
        headers = AS_IF_PUBLIC if link == NEXT else {}
        return "\n".join(
            [
                f"file_server /{static.MARK}",
                f"reverse_proxy unix/{socket} {{",
                "\tlb_try_duration 5s",
                "\tlb_try_interval 50ms",
                "\theader_down -Strict-Transport-Security",
                *(f"\theader_up {name} {value}" for name, value in headers.items()),
                "\ttransport http {",
                "\t\tkeepalive off",
                "\t}",
                "}",
            ]
        )

    def variables(self, release: Path) -> Mapping[str, str]:
        return self.settings(release)

    def version(self, server: Server) -> Command:
        return self.interpreter


def of_node(release: Path) -> Mapping[str, str]:
    programs = release / "node_modules" / ".bin"
    return {"NODE_ENV": "production", "PATH": f"{programs}:{PATH['PATH']}"}


def of_python(release: Path) -> Mapping[str, str]:
    return {
        "PYTHONPATH": str(release / "packages"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }


NODE = Served(("node", "--version"), of_node)
PYTHON = Served((commands.PYTHON, "--version"), of_python)
