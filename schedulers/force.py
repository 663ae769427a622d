"""A button that starts the one builder that is named, of several that it may start."""

import re
from collections.abc import Sequence
from typing import Any

from buildbot.schedulers.forcesched import CollectedValidationError, ForceScheduler
from buildbot.util.twisted import async_to_deferred


class ForceOne(ForceScheduler):
    """Buildbot's own, which starts all of its builders when none is named, or any other builder."""

    @async_to_deferred
    async def computeBuilderNames(
        self, builderNames: Sequence[str] | None = None, builderid: Any = None
    ) -> list[str]:
        """The builder to start; raises CollectedValidationError, which the API answers with 400."""
        named = list(builderNames or ()) or await self.builder(str(builderid))
        if len(named) != 1 or named[0] not in self.builderNames:
            said = f"name one builder that {self.name} starts, by its number"
            raise CollectedValidationError({"builderid": said})
        return named

    async def builder(self, number: str) -> list[str]:
        """The name of the builder with a number, if there is one."""
        known = re.fullmatch(r"\d{1,18}", number, re.ASCII)
        found = await self.master.data.get(("builders", number)) if known else None
        return [found["name"]] if found else []
