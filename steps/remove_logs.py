"""Delete the texts of old logs; the builds that wrote them stay."""

from buildbot.configurators.janitor import LogChunksJanitor


class RemoveLogs(LogChunksJanitor):
    """Buildbot's own step, under a name like ours."""

    name = "remove-logs"
