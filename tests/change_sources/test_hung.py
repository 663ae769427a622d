"""A git server that never answers stops nothing else."""

import random
import shutil
import tempfile
from pathlib import Path

from buildbot.master import BuildMaster
from buildbot.test.util.integration import RunMasterBase
from buildbot.util.twisted import async_to_deferred
from twisted.internet import reactor
from twisted.internet.task import deferLater

from change_sources.git_limits import GitLimits
from change_sources.git_process import PROCESSES, GitError, host_processes, run_git
from change_sources.release_poller import ReleasePoller
from model.component import Source
from tests.change_sources.hung_server import (
    falling_silent,
    hung_server,
    processes_with,
    references,
)
from tests.repositories import Repository

MANY = 24
"""More than Twisted has threads for everything."""


class HungServer(RunMasterBase):
    """A master whose pollers look at a server that does not answer, and one at another."""

    master: BuildMaster

    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    async def start(self, repositories: list[str], seconds: float) -> None:
        self.pollers = []
        for repository in repositories:
            source = Source(repository=repository, release="1.*")
            poller = ReleasePoller([source], name=repository, pollInterval=3600, pollAtLaunch=True)
            self.pollers.append(poller)
        services = [GitLimits(seconds)]
        await self.setup_master(
            {"change_source": self.pollers, "services": services, "multiMaster": True}
        )

    @async_to_deferred
    async def test_other_repositories_are_polled_and_few_processes_wait(self) -> None:
        upstream = Repository(self.folder / "upstream")
        upstream.commit({"index.php": "<?php\n"}, tag="1.9")
        with hung_server() as address:
            hung = [f"{address}/{number}.git" for number in range(MANY)]
            await self.start([*hung, upstream.address], seconds=3600)
            identity = await self.pollers[-1].state_id()
            get = self.master.db.state.getState
            while await get(identity, "releases", None) != ["1.9"]:
                await deferLater(reactor, 0.05)
            waiting = processes_with(f"ls-remote --refs {address}")
            assert len({line.split()[-2] for line in waiting}) == PROCESSES
        # The connections are closed with the server, and so the pollers end.

    @async_to_deferred
    async def test_git_is_killed_after_its_time_with_the_processes_that_it_started(self) -> None:
        await self.start([], seconds=1)
        with hung_server() as address:
            try:
                await run_git(self.master, "ls-remote", f"{address}/x.git", seconds=0.5)
            except GitError as error:
                assert str(error).startswith("no answer in 0.5 s; site.toml: key 'git_seconds'")
            else:
                raise AssertionError("a server that never answers has answered")
            while processes_with(address):
                await deferLater(reactor, 0.05)

    @async_to_deferred
    async def test_git_is_killed_wherever_in_its_answer_a_server_falls_silent(self) -> None:
        await self.start([], seconds=1)
        upstream = Repository(self.folder / "upstream")
        upstream.commit({"index.php": "<?php\n"}, tag="1.9")
        whole = references(upstream.folder)
        chance = random.Random(4)  # noqa: S311  # the same places each time
        for length in (0, *sorted(chance.sample(range(1, len(whole)), 6)), len(whole)):
            with falling_silent(whole[:length]) as address:
                try:
                    listed = await run_git(
                        self.master, "ls-remote", f"{address}/x.git", seconds=0.3
                    )
                except GitError as error:
                    assert length < len(whole), error
                    assert str(error).startswith("no answer in 0.3 s")
                else:
                    assert length == len(whole)
                    assert "refs/tags/1.9" in listed

    @async_to_deferred
    async def test_a_poller_whose_first_contact_is_never_answered_polls_again(self) -> None:
        upstream = Repository(self.folder / "upstream")
        upstream.commit({"index.php": "<?php\n"}, tag="1.9")
        with hung_server() as address:
            repository = f"{address}/x.git"
            await self.start([repository], seconds=0.5)
            (poller,) = self.pollers
            await poller.doPoll.stop()  # waits for the poll that runs
            assert not processes_with(address)
        poller.repourl = upstream.address
        await poller.poll()
        assert await poller.remembered("releases") == ["1.9"]

    @async_to_deferred
    async def test_what_git_says_of_a_repository_that_is_not_there_is_the_error(self) -> None:
        await self.start([], seconds=1)
        try:
            await run_git(self.master, "ls-remote", f"file://{self.folder}/none.git")
        except GitError as error:
            assert "does not appear to be a git repository" in str(error)
        else:
            raise AssertionError("a missing repository was listed")


def test_hosts_do_not_wait_for_each_other() -> None:
    one = host_processes("https://one.example/a.git")
    assert host_processes("https://one.example/b.git") is one
    assert host_processes("https://two.example/a.git") is not one
