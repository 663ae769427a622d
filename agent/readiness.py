"""Wait until a process of a release answers its health path, and drain a process before it ends."""

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from agent.component_directory import ComponentDirectory
from agent.errors import AgentError
from agent.pages import UnixHTTPConnection, get_page
from agent.service_process import ServiceProcess
from agent.supervisor import Supervisor
from model.component import Service

DRAIN_SECONDS = 30.0
"""How long a process that is to end may take for the requests that wait at its socket."""

QUOTED_LINES = 3
"""Lines of the log in the error."""

PRINTED_LINES = 30
"""Lines of the log in the build's log."""


@dataclass(frozen=True)
class LogExcerpt:
    """What a process has written to its log since it was started."""

    log: Path
    offset: int
    """The log's length in bytes at the start: older text is never shown."""
    secret: str | None
    """A text to hide, which the build's log does not know; None: show nothing of the log."""

    @property
    def lines(self) -> list[str]:
        """The new lines that are not empty."""
        if self.secret is None or not self.log.exists():
            return []
        content = self.log.read_bytes()
        # A shorter log has been rotated.
        new = content[self.offset :] if len(content) >= self.offset else content
        text = new.decode(errors="replace")
        text = text.replace(self.secret, "<password>") if self.secret else text
        return [line for line in text.splitlines() if line.strip()]

    @property
    def ending(self) -> str:
        """The last lines joined into one, without the indented lines of a stack trace."""
        if self.secret is None:
            return f"its log on the server is {self.log}"
        quoted = [line for line in self.lines if line[0].isalnum()] or self.lines
        if not quoted:
            return "it wrote nothing to its log"
        return f"its log ends: {' | '.join(quoted[-QUOTED_LINES:])}"


def wait_until_healthy(
    directory: ComponentDirectory,
    process: ServiceProcess,
    service: Service,
    supervisor: Supervisor,
    log: LogExcerpt,
) -> None:
    """Raises AgentError when the process dies, or is not healthy in the server's `patience`."""
    pid = supervisor.pid(process.name)
    deadline = time.monotonic() + directory.server.patience
    while error := health_error(directory, process, service, deadline):
        died = not pid or supervisor.pid(process.name) != pid
        if died or time.monotonic() > deadline:
            print("\n".join(log.lines[-PRINTED_LINES:]), flush=True)
            state = "died" if died else "is not healthy"
            raise AgentError(
                f"service {service.name} of {directory.component} {state}: "
                f"{error}, expected 200; {log.ending}"
            )
        time.sleep(0.05)


def health_error(
    directory: ComponentDirectory, process: ServiceProcess, service: Service, deadline: float
) -> str:
    """Why the process is not healthy; empty when it is."""
    context = directory.context()
    host = urlsplit(context.locations.get(service.name, context.url)).netloc
    timeout = max(deadline - time.monotonic(), 0.1)
    connection = UnixHTTPConnection(process.socket, host, timeout)
    try:
        response = get_page(connection, host, service.health, {"X-Forwarded-Proto": "https"})
    except ConnectionRefusedError:
        return f"GET {service.health} -> no answer: connection refused"
    except AgentError as error:
        return str(error)
    return "" if response.status == 200 else f"GET {service.health} -> {response}"


def drain(process: ServiceProcess) -> None:
    """Wait until the process has accepted all requests in its queue: ours is the last of them."""
    with suppress(AgentError, ConnectionRefusedError):
        connection = UnixHTTPConnection(process.socket, "localhost", DRAIN_SECONDS)
        get_page(connection, "localhost", "/")
