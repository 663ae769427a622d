"""Applications with their own processes, behind the edge: Node and Python."""
# ruff: noqa: ARG002 - every runtime takes the same arguments

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent import commands, service_process
from agent.commands import PATH, Command
from agent.component_directory import NEXT, ComponentDirectory
from agent.instance import Instance
from agent.pages import FetchPage, PageResponse
from agent.runtimes import static
from agent.server import Server
from model.component import Serve
from model.environment import Environment

PUBLIC_HEADERS = {
    "X-Forwarded-For": "127.0.0.1",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "{hostport}",
}
"""Headers that make a request at the preview socket look like a visitor's over HTTPS."""


@dataclass(frozen=True)
class ApplicationServer:
    """One language's releases."""

    interpreter: Command
    """Prints its version."""
    language_variables: Callable[[Path], Mapping[str, str]]
    """From a release's folder to the language's environment variables."""

    def configure(
        self, directory: ComponentDirectory, instance: Instance, folder: Path, serve: Serve
    ) -> None:
        """Add the name's file, and the link by which the edge finds the instance's sockets."""
        static.configure(directory, instance, folder, serve)
        link = folder / service_process.SOCKETS_LINK
        link.unlink(missing_ok=True)
        link.symlink_to(
            service_process.socket_folder(directory.server, directory.component, instance.short)
        )

    def reload(self, directory: ComponentDirectory) -> None:
        """Do nothing: each release has its own processes, so none has old code in memory."""

    def verify_instance(
        self,
        name: str,
        serve: Serve,
        responses: Sequence[PageResponse],
        fetch_page: FetchPage,
    ) -> None:
        """Verify that the edge follows the link; `agent/listeners.py` verifies the processes."""
        static.verify_instance(name, serve, responses, fetch_page)

    def caddy_directives(
        self, directory: ComponentDirectory, link: str, service: str, environment: Environment
    ) -> str:
        """`reverse_proxy` to a service's socket.

        `keepalive off`: a kept connection would reach the previous release after a switch.
        `lb_try_duration`: requests wait while a process that died is started again.
        """
        socket = service_process.edge_socket(directory.server, directory.component, link, service)
        headers = PUBLIC_HEADERS if link == NEXT else {}
        return "\n".join(
            [
                f"file_server /{static.NAME_FILE}",
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
        return self.language_variables(release)

    def version(self, server: Server) -> Command:
        return self.interpreter


def node_variables(release: Path) -> Mapping[str, str]:
    programs = release / "node_modules" / ".bin"
    return {"NODE_ENV": "production", "PATH": f"{programs}:{PATH['PATH']}"}


def python_variables(release: Path) -> Mapping[str, str]:
    return {
        "PYTHONPATH": str(release / "packages"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }


NODE = ApplicationServer(("node", "--version"), node_variables)
PYTHON = ApplicationServer((commands.PYTHON, "--version"), python_variables)
