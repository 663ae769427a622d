"""Ports on loopback: whether somebody else listens where our programs want to."""

import errno
import socket
from collections.abc import Iterable, Mapping

from local.errors import CommandError
from local.services.probes import LOOPBACK
from local.services.programs import Program


def purposes(programs: Iterable[Program]) -> dict[int, str]:
    """What each port is for; raises CommandError when two programs want the same one."""
    found: dict[int, str] = {}
    for program in programs:
        for port, purpose in program.ports.items():
            if port in found:
                raise CommandError(
                    f"port {port} is wanted twice: for {found[port]} and for {purpose}"
                )
            found[port] = purpose
    return found


def require_free(ports: Mapping[int, str]) -> None:
    """Raises CommandError, naming the port and who needs it, when one cannot be had."""
    for port, purpose in ports.items():
        if problem := obstacle(port):
            raise CommandError(f"port {port}, needed for {purpose}, {problem}")


def obstacle(port: int) -> str | None:
    """Why nobody of us can listen at this port, in words."""
    with socket.socket() as end:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            end.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno == errno.EACCES:
                return "is open to root only"
            return "is in use by another program"
    return None
