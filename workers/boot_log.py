"""What a build says about its machine before its first step runs."""

import re
from typing import Any

from buildbot.process.build import Build
from twisted.python import log

COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b")
"""What a terminal obeys and a log does not: ECMA-48, control sequences."""


class Told:
    """Sentences in the log of a build's preparation, and the last of them beside it.

    A machine that is made for no build in particular is told of in the master's own log.
    """

    def __init__(self, build: Build | None) -> None:
        known: Any = build
        self.step: Any = known._preparation_step if build else None
        self.updates: Any = known.master.data.updates if build else None
        self.log: Any = None

    async def say(self, sentence: str, briefly: bool = True) -> None:
        log.msg(sentence)
        if self.step is None:
            return
        await (await self.opened()).addStdout(f"{sentence}\n")
        if briefly:
            await self.updates.setStepStateString(self.step.stepid, sentence[:200])

    async def quote(self, text: str) -> None:
        """Add what another program said, without its colours."""
        if self.step is not None:
            await (await self.opened()).addStderr(COLOUR.sub("", text) + "\n")

    async def opened(self) -> Any:
        if self.log is None:
            self.log = await self.step.addLog("machine")
        return self.log

    async def end(self) -> None:
        if self.log is not None:
            await self.log.finish()
            self.log = None
