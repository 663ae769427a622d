"""`python -m agent.launch PLAN`: supervisord runs this, and it becomes a process of a release.

It loads no pydantic, so that a process that died is back at once.
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from agent import process_group
from agent.errors import AgentError, error_message


@dataclass(frozen=True)
class Plan:
    """How to start a process; it is stored as JSON and holds no secret."""

    command: list[str]
    """`{socket}` in it stands for the path to listen on."""
    folder: str
    """The release's folder; no part of the path is a link."""
    socket: str
    name: str
    """The link by which others reach the socket; created unless it exists."""
    record: str
    """The file that records the process group."""
    settings: str
    """The file of its rendered environment variables; it may be missing."""
    variables: dict[str, str]
    group: int | None = None
    """Who may use the socket, if not the group of this account."""
    umask: int = 0o077


def launch(plan: Plan) -> None:
    """Become the process; never returns. Raises AgentError for a mistake in the settings."""
    process_group.lead(Path(plan.record))
    prepare_socket(plan)
    variables = {
        **plan.variables,
        **read_settings(Path(plan.settings)),
        "SLIPWAY_SOCKET": plan.socket,
    }
    command = [word.replace("{socket}", plan.socket) for word in plan.command]
    os.chdir(plan.folder)
    try:
        os.execvpe(command[0], command, variables)  # noqa: S606  # the release's process
    except FileNotFoundError:
        raise AgentError(f"there is no program {command[0]}") from None


def prepare_socket(plan: Plan) -> None:
    """Create the socket's folder and its link, and remove the socket of a killed process.

    A restart of the machine may have removed the folder and the link.
    """
    socket, name = Path(plan.socket), Path(plan.name)
    os.umask(plan.umask)
    # This one has the group of the folder above it: the agent removes it, the edge enters it.
    socket.parent.parent.mkdir(parents=True, exist_ok=True)
    socket.parent.mkdir(exist_ok=True)
    os.chown(socket.parent, -1, os.getegid() if plan.group is None else plan.group)
    # Sockets belong to the folder's group.
    socket.parent.chmod(0o2770 & ~plan.umask)
    socket.unlink(missing_ok=True)
    if not name.is_symlink():
        name.symlink_to(Path(socket.parent.name) / socket.name)


def read_settings(path: Path) -> Mapping[str, str]:
    """The environment variables in a file; none when the file is missing."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8") as file:
        return parse_settings(path, file)


def parse_settings(path: Path, text: TextIO) -> dict[str, str]:
    """Values are literal: no quotes, no expansion. Raises AgentError naming the line."""
    parsed: dict[str, str] = {}
    for number, line in enumerate(text.read().split("\n"), 1):
        if line.strip() and not line.startswith("#"):
            name, equals, value = line.partition("=")
            if not equals or not name.isidentifier():
                raise AgentError(f"{path}: line {number} is not NAME=value")
            parsed[name] = value
    return parsed


def main() -> int:
    """The exit code of a start that failed; the reason is in the log."""
    try:
        launch(Plan(**json.loads(Path(sys.argv[1]).read_text())))
    except (AgentError, OSError) as reason:
        print(error_message(reason), file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
