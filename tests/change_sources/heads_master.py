"""A real master in a process of its own, whose builds only take the heads that they follow.

`python -m tests.change_sources.heads_master FOLDER` reads the site in it, and prints the port of
its webhook. What its builds took is appended to `FOLDER/taken`, a line for each finished one.
"""

import os
import random
import sys
import threading
from pathlib import Path
from typing import Any

from buildbot.config.builder import BuilderConfig
from buildbot.config.master import MasterConfig
from buildbot.master import BuildMaster
from buildbot.process.factory import BuildFactory
from buildbot.process.project import Project
from buildbot.process.results import CANCELLED, SUCCESS
from buildbot.util.twisted import async_to_deferred
from buildbot.worker.local import LocalWorker
from twisted.internet import reactor as twisted_reactor
from twisted.internet.task import deferLater
from twisted.python import log

from builders.choice import newest_is_enough
from change_sources import webhooks
from change_sources.pollers import pollers
from model.component import Component
from model.site import read_site
from schedulers import merge
from steps.secret_folder import SecretFolder
from steps.tree_step import TreeStep

reactor: Any = twisted_reactor
LONGEST_BUILD = 0.4
"""Seconds."""


class TakeHeads(TreeStep):
    """Takes the heads as a build does, and then takes its time.

    While there is a file `hold`, it goes on until it is stopped.
    """

    name = "take-heads"

    @async_to_deferred
    async def run(self) -> int:
        taken = []
        for source in self.component.sources:
            _, commit = await self.find_newest(source)
            taken.append(commit)
            material = {"repository": source.repository, "release": source.branch, "commit": commit}
            self.extend_property("materials", [material])
        await deferLater(reactor, random.uniform(0, LONGEST_BUILD))  # noqa: S311  # no secret
        while (self.folder / "hold").exists() and not self.stopped:
            await deferLater(reactor, 0.02)
        if self.stopped:
            return CANCELLED
        with (self.folder / "taken").open("a") as file:
            file.write(" ".join(taken) + "\n")
            file.flush()
            os.fsync(file.fileno())
        return SUCCESS


def configuration(folder: Path) -> dict[str, Any]:
    site = read_site(folder / "site")

    def builder(component: Component) -> BuilderConfig:
        return BuilderConfig(
            component.builder,
            workernames=["local"],
            factory=BuildFactory([TakeHeads(component, folder)]),
            collapseRequests=newest_is_enough,
        )

    return {
        "builders": [builder(component) for component in site.components],
        "buildbotNetUsageData": None,
        "change_source": pollers(site),
        "db_url": f"sqlite:///{folder}/state.sqlite",
        "projects": [Project(component.name) for component in site.components],
        "protocols": {"null": {}},
        "schedulers": [merge.scheduler(site)],
        "secretsProviders": [SecretFolder(str(folder / "secrets"))],
        "workers": [LocalWorker("local", max_builds=1)],
        "www": {
            "port": "tcp:0:interface=127.0.0.1",
            "change_hook_dialects": webhooks.dialects(),
        },
    }


class Loader:
    """Buildbot's `FileLoader`, for a configuration that is no file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def loadConfig(self) -> MasterConfig:
        return MasterConfig.loadFromDict(configuration(self.folder), "heads_master.py")


@async_to_deferred
async def start(folder: Path) -> None:
    master: Any = BuildMaster(str(folder), config_loader=Loader(folder))
    master.config.db.db_url = f"sqlite:///{folder}/state.sqlite"
    await master.db.setup(check_version=False)
    await master.db.model.upgrade()
    master.db.setup = lambda: None
    await master.startService()
    reactor.addSystemEventTrigger("before", "shutdown", master.stopService)
    print(master.www.getPortnum(), flush=True)


def end_with_input() -> None:
    """A test that is killed leaves no master behind."""
    sys.stdin.read()
    os._exit(1)


def fail(failure: Any) -> None:
    log.err(failure)
    reactor.stop()


def main() -> None:
    folder = Path(sys.argv[1])
    log.startLogging((folder / "master.log").open("a"), setStdout=False)
    threading.Thread(target=end_with_input, daemon=True).start()
    reactor.callWhenRunning(lambda: start(folder).addErrback(fail))
    reactor.run()


if __name__ == "__main__":
    main()
