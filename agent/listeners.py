"""Verify through the kernel and supervisord which release's process listens at a socket."""

import socket
import struct
from pathlib import Path

from agent import process_group, service_process
from agent.component_directory import ComponentDirectory
from agent.errors import AgentError
from agent.instance import Instance
from agent.pages import connect_unix
from agent.supervisor import supervisor_of
from model.component import Service
from model.release import SHORT

CREDENTIALS = struct.Struct("3i")
"""Process, user and group: https://man7.org/linux/man-pages/man7/unix.7.html, SO_PEERCRED."""


def verify_listener(
    directory: ComponentDirectory, link: str, instance: Instance, service: Service
) -> None:
    """Raises AgentError unless a process of the instance listens at the edge's socket.

    It must be in the process group of one that supervisord has started for the instance. `link` is
    `current` or `next`.
    """
    path = service_process.edge_socket(directory.server, directory.component, link, service.name)
    try:
        process = process_group.read_process(listening_process(path))
    except OSError as error:
        raise AgentError(f"service {service.name} does not answer at {path}: {error}") from None
    programs = supervisor_of(directory.server, directory.component).pids()
    name = programs.get(process.group, "") if process else ""
    if name not in own_names(directory, instance, service):
        answering = name or "another process"
        raise AgentError(
            f"service {service.name} is answered by {answering}, not by {instance.digest[:SHORT]}"
        )


def own_names(directory: ComponentDirectory, instance: Instance, service: Service) -> set[str]:
    """The names of a service's processes in supervisord, usually one."""
    processes = service_process.find_processes(directory)
    return {p.name for p in processes if (p.instance, p.service) == (instance.short, service.name)}


def listening_process(path: Path) -> int:
    """The number of the process that called listen(2) on the socket."""
    with connect_unix(path, 5) as connection:
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    return int(CREDENTIALS.unpack(credentials)[0])
