"""`python -m agent.command_launch PLAN`: a component's supervisord runs this for one command.

When the command has ended, so does what it left in its process group.
"""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class CommandPlan:
    """A command, and where its output goes; stored as JSON."""

    command: list[str]
    folder: str
    pipe: str
    """A named pipe that the agent reads."""
    variables: dict[str, str]


def launch(plan: CommandPlan) -> int:
    """Run the command; its exit code, or 127 for a program that does not exist."""
    output = os.open(plan.pipe, os.O_WRONLY)
    try:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *plan.command],
            cwd=plan.folder,
            env=plan.variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            process_group=0,
        )
    except OSError as error:
        os.write(output, f"{plan.command[0]}: {error.strerror}\n".encode())
        return 127
    # supervisord ends this process; its command is in a group of its own.
    signal.signal(signal.SIGTERM, lambda *_: os.killpg(process.pid, signal.SIGKILL))
    code = process.wait()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(launch(CommandPlan(**json.loads(Path(sys.argv[1]).read_text()))))
