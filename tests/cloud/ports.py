"""Ports of loopback that nobody uses."""

import socket
from contextlib import ExitStack


def free_ports(count: int) -> list[int]:
    """So many different ones; the kernel gives none of them to somebody else soon."""
    with ExitStack() as stack:
        ends = [stack.enter_context(socket.socket()) for _ in range(count)]
        for end in ends:
            end.bind(("127.0.0.1", 0))
        return [int(end.getsockname()[1]) for end in ends]
