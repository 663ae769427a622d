"""Verify through the kernel which release's process listens at a socket."""

import socket
import struct
from pathlib import Path

from agent import service_process
from agent.component_directory import ComponentDirectory
from agent.errors import AgentError
from agent.instance import Instance
from agent.pages import connect_unix
from model.component import Service
from model.release import SHORT

CREDENTIALS = struct.Struct("3i")
"""Process, user and group: https://man7.org/linux/man-pages/man7/unix.7.html, SO_PEERCRED."""


def verify_listener(
    directory: ComponentDirectory, link: str, instance: Instance, service: Service
) -> None:
    """Raises AgentError unless a process of the instance listens at the edge's socket.

    Its working directory must be the folder of the instance. `link` is `current` or `next`.
    """
    path = service_process.edge_socket(directory.server, directory.component, link, service.name)
    try:
        folder = Path(f"/proc/{listening_process(path)}/cwd").readlink()
    except OSError as error:
        raise AgentError(f"service {service.name} does not answer at {path}: {error}") from None
    if folder != directory.tree(instance).resolve():
        raise AgentError(
            f"service {service.name} is answered from {folder}, not by {instance.digest[:SHORT]}"
        )


def listening_process(path: Path) -> int:
    """The number of the process that called listen(2) on the socket."""
    with connect_unix(path, 5) as connection:
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    return int(CREDENTIALS.unpack(credentials)[0])
