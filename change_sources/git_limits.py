"""How long the master waits for the servers of repositories."""

from buildbot.util.service import BuildbotService
from buildbot.util.twisted import async_to_deferred

NAME = "git-limits"


class GitLimits(BuildbotService):
    """The key `git_seconds` of `site.toml`, where all that runs git on the master finds it."""

    name = NAME

    @async_to_deferred
    async def reconfigService(self, seconds: float) -> None:  # type: ignore[override]  # as Buildbot itself
        self.seconds = seconds
        await super().reconfigService()
