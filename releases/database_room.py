"""Room on the disk of the master's SQLite database, so that what runs is recorded to its end.

Buildbot forgets the end of a build that it cannot record: the build runs for ever, and holds its
worker and its locks until the master is started again.
"""

import os
import shutil
from pathlib import Path
from typing import Any

from buildbot.util.service import BuildbotService
from buildbot.util.twisted import async_to_deferred
from twisted.internet.task import LoopingCall
from twisted.python import log

from releases.store import write_problem

RESERVE = 20_000_000
"""Bytes: more than Buildbot's database and the store grow by during a deployment."""
SECONDS = 60
"""How often the reserve is made again when there is room."""
SQLITE_FULL = "database or disk is full"
SQLITE_ERROR = "disk I/O error"
"""What SQLite says of a full disk when it cannot even make its shared memory larger."""
LEAST = 1_000_000
"""Bytes: with less an input/output error is one of a full disk."""


class DatabaseRoom(BuildbotService):
    """A reserve on the disk of the database, which is given up when the disk is full.

    What cannot be written then is tried again until there is room.
    """

    name = "database-room"
    holding: LoopingCall | None = None
    """None when the database is no file."""

    @async_to_deferred
    async def reconfigService(self, size: int) -> None:  # type: ignore[override]  # as Buildbot itself
        self.size = size
        await super().reconfigService()

    @async_to_deferred
    async def startService(self) -> None:
        await super().startService()
        engine: Any = self.master.db.pool.engine
        if engine.dialect.name == "sqlite" and engine.url.database:
            self.reserve = Path(engine.url.database).with_name("database-reserve")
            self.others_retry = engine.should_retry
            engine.should_retry = self.should_retry
            self.holding = LoopingCall(self.hold)
            self.holding.start(SECONDS)

    @async_to_deferred
    async def stopService(self) -> None:
        if self.holding:
            self.holding.stop()
            self.master.db.pool.engine.should_retry = self.others_retry
        await super().stopService()

    def hold(self) -> None:
        """Make the reserve when there is room for it and as much again."""
        if self.reserve.exists() or self.free() < 2 * self.size:
            return
        try:
            with self.reserve.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self.size)
        except OSError as error:  # somebody else took the room meanwhile
            log.msg(write_problem(error, self.reserve))
            self.reserve.unlink(missing_ok=True)

    def free(self) -> int:
        return shutil.disk_usage(self.reserve.parent).free

    def should_retry(self, error: Any) -> bool:
        """Buildbot asks this of each error, in one of the database's threads."""
        text = str(error)
        is_full = SQLITE_FULL in text or (SQLITE_ERROR in text and self.free() < LEAST)
        if not is_full:
            return bool(self.others_retry(error))
        folder, free = self.reserve.parent, self.free() / 1e6
        log.msg(f"{folder}: the disk is full: {free:,.2f} MB are free; the database waits for room")
        self.reserve.unlink(missing_ok=True)
        return True
