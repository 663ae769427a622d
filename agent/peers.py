"""The kernel's word for which release answers at a socket."""

import socket
import struct
from pathlib import Path

from agent import instances
from agent.component_directory import ComponentDirectory
from agent.failure import Failure
from agent.pages import dialled
from model.component import Service
from model.release import SHORT, Digest

CREDENTIALS = struct.Struct("3i")
"""Process, user and group: https://man7.org/linux/man-pages/man7/unix.7.html, SO_PEERCRED."""


def prove(directory: ComponentDirectory, link: str, digest: Digest, service: Service) -> None:
    """Raises Failure unless a process in the release's own folder listens where the edge dials."""
    path = instances.dialled(directory.server, directory.component, link, service.name)
    try:
        folder = Path(f"/proc/{listener(path)}/cwd").readlink()
    except OSError as reason:
        raise Failure(f"service {service.name} does not answer at {path}: {reason}") from None
    if folder != directory.release(digest).resolve():
        raise Failure(f"service {service.name} is answered from {folder}, not by {digest[:SHORT]}")


def listener(path: Path) -> int:
    """The process that made the socket at a path listen."""
    with dialled(path, 5) as end:
        told = end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    return int(CREDENTIALS.unpack(told)[0])
