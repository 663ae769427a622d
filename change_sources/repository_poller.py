"""What the pollers of branches and of release tags share: they list refs and fetch nothing."""

from typing import Any

from buildbot.changes.base import ReconfigurablePollingChangeSource
from buildbot.util.twisted import async_to_deferred
from twisted.python import log

from change_sources.change_key import change_key
from change_sources.git_process import GitError, host_processes, run_git
from model.component import Source


class RepositoryPoller(ReconfigurablePollingChangeSource):
    """Records what is new in a repository since the last poll, also since one before a restart."""

    compare_attrs = ("source",)

    def checkConfig(self, _source: Source, **kwargs: Any) -> None:  # type: ignore[override]  # as Buildbot itself
        super().checkConfig(**kwargs)

    @async_to_deferred
    async def reconfigService(self, source: Source, **kwargs: Any) -> None:  # type: ignore[override]  # as Buildbot itself
        self.source = source
        self.repourl = source.repository
        await super().reconfigService(**kwargs)

    @property
    def pattern(self) -> str:
        """The refs to list; git matches the end of a name too."""
        raise NotImplementedError

    def describe(self) -> str:
        return " of ".join(reversed(change_key(self.source)))

    @async_to_deferred
    async def poll(self) -> None:  # type: ignore[override]  # a Deferred, as in GitPoller
        try:
            refs = await host_processes(self.repourl).run(self.list_refs)
        except GitError as error:
            log.msg(f"{self.repourl} cannot be reached: {error}")
            return
        await self.note_refs(refs)

    async def note_refs(self, refs: dict[str, str]) -> None:
        """Record what is new in these refs and their objects.

        It is remembered after it is recorded: a master that is killed in between records it again.
        """
        raise NotImplementedError

    @async_to_deferred
    async def list_refs(self) -> dict[str, str]:
        """The refs of the repository and the objects they name; raises GitError."""
        command = ("ls-remote", "--refs", self.repourl, self.pattern)
        listing = await run_git(self.master, *command)
        pairs = (line.split("\t", 1) for line in listing.split("\n") if line)
        return {ref: revision for revision, ref in pairs}

    async def state_id(self) -> int:
        identity: int = await self.master.db.state.getObjectId(self.name, type(self).__name__)
        return identity

    async def remembered(self, key: str) -> Any:
        """What was remembered under this key; None when nothing was."""
        return await self.master.db.state.getState(await self.state_id(), key, None)

    async def remember(self, key: str, value: Any) -> None:
        await self.master.db.state.setState(await self.state_id(), key, value)

    async def add_change(
        self, branch: str, revision: str, author: str, comments: str, **properties: Any
    ) -> None:
        repository, followed = change_key(self.source)
        await self.master.data.updates.addChange(
            author=author,
            revision=revision,
            comments=comments,
            files=[],
            branch=branch,
            category=followed,
            repository=repository,
            properties=properties,
        )
