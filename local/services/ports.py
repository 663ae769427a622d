"""Ports on loopback: whether our programs can listen at theirs."""

import errno
import socket
from collections.abc import Iterable, Mapping

from local.errors import CommandError
from local.services.probes import LOOPBACK
from local.services.programs import Program


def port_purposes(programs: Iterable[Program]) -> dict[int, str]:
    """The purpose of each port; raises CommandError when two programs need the same port."""
    purposes: dict[int, str] = {}
    for program in programs:
        for port, purpose in program.ports.items():
            if port in purposes:
                raise CommandError(
                    f"port {port} is needed twice: for {purposes[port]} and for {purpose}"
                )
            purposes[port] = purpose
    return purposes


def require_free(ports: Mapping[int, str]) -> None:
    """Raises CommandError naming the first port at which we cannot listen, and its purpose."""
    for port, purpose in ports.items():
        if problem := obstacle(port):
            raise CommandError(f"port {port}, needed for {purpose}, {problem}")


def obstacle(port: int) -> str | None:
    """Why we cannot listen at this port; None if we can."""
    with socket.socket() as end:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            end.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno == errno.EACCES:
                return "is open to root only"
            return "is in use by another program"
    return None
