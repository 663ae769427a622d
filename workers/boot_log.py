"""The log of a build's machine: what happens before the build's first step runs."""

import re
from typing import Any

from buildbot.process.build import Build
from twisted.python import log

COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b")
"""Control sequences of a terminal: ECMA-48."""


class BootLog:
    """Sentences in the log of a build's preparation step, and the last of them as its state.

    The boot of a machine for no particular build is logged by the master alone.
    """

    def __init__(self, build: Build | None) -> None:
        untyped: Any = build
        self.step: Any = untyped._preparation_step if build else None
        self.updates: Any = untyped.master.data.updates if build else None
        self.log: Any = None

    async def say(self, sentence: str, briefly: bool = True) -> None:
        log.msg(sentence)
        if self.step is None:
            return
        await (await self.open_log()).addStdout(f"{sentence}\n")
        if briefly:
            await self.updates.setStepStateString(self.step.stepid, sentence[:200])

    async def quote(self, text: str) -> None:
        """Add the output of another program without its control sequences."""
        if self.step is not None:
            await (await self.open_log()).addStderr(COLOUR.sub("", text) + "\n")

    async def open_log(self) -> Any:
        if self.log is None:
            self.log = await self.step.addLog("machine")
        return self.log

    async def end(self) -> None:
        if self.log is not None:
            await self.log.finish()
            self.log = None
