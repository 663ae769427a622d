"""A master whose database is on a full disk: nothing is lost, and it goes on without a restart.

`test_full_database.py` runs this where the folder `srv` is a small file system of its own.
"""

import contextlib
import os
import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from buildbot.config.builder import BuilderConfig
from buildbot.locks import MasterLock
from buildbot.master import BuildMaster
from buildbot.process.factory import BuildFactory
from buildbot.process.results import SUCCESS
from buildbot.schedulers.forcesched import ForceScheduler
from buildbot.steps.shell import ShellCommand
from buildbot.test.util.integration import DictLoader, RunMasterBase
from buildbot.util.twisted import async_to_deferred
from buildbot.worker.local import LocalWorker
from sqlalchemy.exc import OperationalError
from twisted.internet import reactor
from twisted.internet.task import deferLater

from releases import ledger
from releases.database_room import DatabaseRoom
from steps.step import Step

DISK = Path(os.environ["SLIPWAY_TEST_SERVER"], "srv")
RESERVE = 4_000_000
PAGE = 4096
DIGEST = "1" * 64
COMMANDS = ("before", "one", "two")
LINES = 20_000
"""More than a megabyte of a step's log."""


def fill(size: int) -> None:
    """Leave at most so many bytes free on the disk; the database grows meanwhile."""
    with (DISK / "filler").open("ab") as file:
        while (free := shutil.disk_usage(DISK).free) > size:
            with contextlib.suppress(OSError):
                os.posix_fallocate(file.fileno(), file.tell(), free - size)
            file.seek(0, os.SEEK_END)


class Fill(Step):
    """Fills the disk while the build runs."""

    name = "fill"

    def __init__(self, size: int, **kwargs: Any) -> None:
        self.size = size
        super().__init__(**kwargs)

    @async_to_deferred
    async def run(self) -> int:
        fill(self.size)
        self.setProperty("digest", DIGEST, self.name)
        return SUCCESS


class FullDatabase(RunMasterBase):
    """Builds while the disk is full."""

    master: Any
    timeout = 60

    def setUp(self) -> None:
        super().setUp()
        self.errors: list[Any] = []

    async def start(self, size: int, reserve: int) -> None:
        folder = Path(mkdtemp(dir=DISK))

        def command(name: str) -> ShellCommand:
            return ShellCommand(name=name, command=["seq", "-f", "%060g", str(LINES)])

        steps = [command("before"), Fill(size), command("one"), command("two")]
        lock = MasterLock("one-at-a-time").access("exclusive")
        database = ledger.database(f"sqlite:///{folder}/state.sqlite")
        configuration = {
            "builders": [
                BuilderConfig("blog", workernames=["w"], factory=BuildFactory(steps), locks=[lock]),
                BuilderConfig(
                    "docs", workernames=["w"], factory=BuildFactory([command("a")]), locks=[lock]
                ),
            ],
            "schedulers": [
                ForceScheduler(name=name, builderNames=[name]) for name in ("blog", "docs")
            ],
            "services": [DatabaseRoom(reserve)],
            "workers": [LocalWorker("w", missing_timeout=0)],
            "protocols": {"null": {}},
            "db": database,
            "buildbotNetUsageData": None,
            "multiMaster": True,
        }
        self.master = BuildMaster(
            str(folder), reactor=reactor, config_loader=DictLoader(configuration)
        )
        self.master.config.db.db_url = database["db_url"]
        self.master.config.db.engine_kwargs = database["engine_kwargs"]
        await self.master.db.setup(check_version=False)
        await self.master.db.model.upgrade()
        self.master.db.setup = lambda: None
        await self.master.startService()

    async def force(self, name: str) -> None:
        (scheduler,) = [s for s in self.master.allSchedulers() if s.name == name]
        await scheduler.force("ana", builderNames=[name])

    async def ended(self, name: str) -> dict[str, Any]:
        """The only build of a builder, when it has ended."""
        while True:
            builds = await self.master.data.get(("builders", name, "builds"))
            if builds and builds[0]["complete"]:
                return dict(builds[0])
            await deferLater(reactor, 0.1)

    @async_to_deferred
    async def stop(self) -> None:
        await self.master.stopService()
        await self.master.db.pool.stop()
        shutil.rmtree(self.master.basedir)

    async def request_and_fill(self, size: int, reserve: int) -> None:
        """Start a build that fills the disk, and wait until it has."""
        await self.start(size, reserve)
        await self.force("blog")
        while not self.is_full:
            await deferLater(reactor, 0.05)

    @property
    def is_full(self) -> bool:
        """Whether the database could not be written."""
        errors: list[Any] = self.flushLoggedErrors(OperationalError)
        self.errors += errors
        return bool(self.errors)

    async def assert_complete(self) -> None:
        """The build has succeeded, its logs and properties are whole, and another one succeeds."""
        build = await self.ended("blog")
        assert build["results"] == SUCCESS, build
        steps = await self.master.data.get(("builds", build["buildid"], "steps"))
        assert {step["results"] for step in steps} == {SUCCESS}, steps
        commands = [step for step in steps if step["name"] in COMMANDS]
        logs = [await self.master.data.get(("steps", s["stepid"], "logs")) for s in commands]
        lines = [log["num_lines"] for (log,) in logs]
        assert lines == [lines[0]] * len(COMMANDS)
        assert lines[0] > LINES
        assert (await ledger.properties(self.master, build["buildid"]))["digest"] == DIGEST
        (DISK / "filler").unlink(missing_ok=True)
        await self.force("docs")
        assert (await self.ended("docs"))["results"] == SUCCESS
        self.errors += self.flushLoggedErrors(OperationalError)

    @async_to_deferred
    async def test_what_runs_is_recorded_to_its_end_in_the_reserve(self) -> None:
        for size in (0, 3 * PAGE, 40 * PAGE):
            await self.request_and_fill(size, RESERVE)
            await self.assert_complete()
            await self.stop()

    @async_to_deferred
    async def test_without_a_reserve_the_master_waits_until_there_is_room(self) -> None:
        """More is to be kept than this disk has."""
        await self.request_and_fill(0, 10 * RESERVE)
        (DISK / "filler").unlink()
        await self.assert_complete()
        await self.stop()
