"""The supervisord of this server: asked through its socket to keep or to end one program."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy, Transport

from agent.errors import AgentError
from agent.pages import UnixHTTPConnection

BAD_NAME, ALREADY_STARTED, ALREADY_ADDED, STILL_RUNNING = EXPECTED = (10, 60, 90, 91)
"""https://github.com/Supervisor/supervisor/blob/4.3.0/supervisor/xmlrpc.py"""

SECONDS = 60.0
"""For one answer: longer than a process may take to finish its requests."""

ALIVE = ("STARTING", "RUNNING")
"""Every other state means that the program is not there now."""


class Socket(Transport):
    """XML-RPC over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def make_connection(self, host: Any) -> UnixHTTPConnection:
        """A new connection; the host is not used, but has to be there."""
        return UnixHTTPConnection(self.path, str(host), SECONDS)


@dataclass(frozen=True)
class Supervisor:
    """One supervisord; every method raises AgentError when it does not answer."""

    socket: Path

    def keep(self, name: str) -> None:
        """Have a program run that a new file of its configuration describes, or run again."""
        with self.calls() as calls:
            if self.state(calls, name) in ("STOPPING", "BACKOFF"):
                self.end(name)
            if fault(calls.startProcess, name, False) != BAD_NAME:
                return
            calls.reloadConfig()
            if fault(calls.addProcessGroup, name) == BAD_NAME:
                raise AgentError(
                    f"supervisord at {self.socket} does not include the file of {name}"
                )
            fault(calls.startProcess, name, False)

    def end(self, name: str) -> None:
        """Stop a program, after it has finished what it is doing, and forget it.

        Its end is asked for, since supervisord by itself looks once a second.
        """
        until = time.monotonic() + SECONDS
        with self.calls() as calls:
            fault(calls.stopProcessGroup, name, False)
            while fault(calls.removeProcessGroup, name) == STILL_RUNNING:
                if time.monotonic() > until:
                    raise AgentError(f"{name} does not end")
                time.sleep(0.02)

    def stop(self, name: str) -> None:
        """Tell a program to stop, without waiting for it."""
        with self.calls() as calls:
            fault(calls.stopProcessGroup, name, False)

    def process(self, name: str) -> int | None:
        """The number of the program's living process; none while there is none."""
        with self.calls() as calls:
            found = calls.getProcessInfo(name)
            return int(found["pid"]) if found["statename"] in ALIVE else None

    def state(self, calls: Any, name: str) -> str:
        """What a program is at; empty for one that is not known."""
        known = {found["name"]: found["statename"] for found in calls.getAllProcessInfo()}
        return str(known.get(name, ""))

    @contextmanager
    def calls(self) -> Iterator[Any]:  # XML-RPC answers with what it likes
        try:
            yield ServerProxy("http://supervisor", Socket(self.socket)).supervisor
        except Fault as refusal:
            raise AgentError(f"supervisord: {refusal.faultString}") from None
        except (OSError, HTTPException) as reason:
            raise AgentError(f"supervisord does not answer at {self.socket}: {reason}") from None


def fault(call: Any, *arguments: object) -> int:
    """Call; the number of an expected fault, or 0."""
    try:
        call(*arguments)
    except Fault as found:
        if found.faultCode not in EXPECTED:
            raise
        return found.faultCode
    return 0


def section(name: str, keys: Mapping[str, object]) -> str:
    """A section of its configuration; `%(...)s` is expanded there, so that a `%` is doubled."""
    lines = (f"{key} = {str(value).replace('%', '%%')}\n" for key, value in keys.items())
    return f"[{name}]\n{''.join(lines)}"
