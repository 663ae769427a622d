"""Run a command of `component.toml` in the checkout."""

import textwrap
from collections.abc import Sequence
from typing import Any

from buildbot.process.logobserver import LogLineObserver
from buildbot.process.properties import Interpolate
from buildbot.steps.shell import ShellCommand
from buildbot.util.twisted import async_to_deferred

from steps.checkout import RUN, TREE

ENDED = "ended: "
"""How `run.bash` begins the line about a process that the command left running."""


class ComponentCommand(ShellCommand):
    """The command decides alone whether the step fails; what it leaves running is ended."""

    def __init__(self, command: Sequence[str], folder: str = "", **kwargs: Any) -> None:
        label = textwrap.shorten(" ".join(command), 60)
        super().__init__(
            command=["bash", RUN, f"{TREE}/{folder}".rstrip("/"), *command],
            # The upstream's date, for the command's output.
            env={"SOURCE_DATE_EPOCH": Interpolate("%(prop:upstream-date)s")},
            logEnviron=False,
            description=f"running {label}",
            descriptionDone=label,
            **kwargs,
        )
        self.ended = EndedProcesses()

    @async_to_deferred
    async def run(self) -> int:
        self.addLogObserver("stdio", self.ended)  # type: ignore[arg-type]  # Buildbot's own does so
        result: int = await super().run()
        if self.ended.commands:
            left = ", ".join(textwrap.shorten(name, 60) for name in self.ended.commands)
            self.descriptionSuffix = f"(left running, and ended: {left})"
        return result


class EndedProcesses(LogLineObserver):
    """Collects what `run.bash` says of processes that it ended."""

    def __init__(self) -> None:
        super().__init__()
        self.commands: list[str] = []

    def errLineReceived(self, line: str) -> None:
        if line.startswith(ENDED):
            self.commands.append(line.removeprefix(ENDED).strip())
