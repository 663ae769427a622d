"""A small real master in a process of its own: two builders, the real access rules and endpoints.

`python -m tests.web.small_master FOLDER` prints its port when it listens, and ends with its input.
"""

import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

import requests
from buildbot.config.builder import BuilderConfig
from buildbot.config.master import MasterConfig
from buildbot.master import BuildMaster
from buildbot.process.factory import BuildFactory
from buildbot.process.results import SUCCESS
from buildbot.schedulers.forcesched import ForceScheduler
from buildbot.secrets.providers.file import SecretInAFile
from buildbot.util.twisted import async_to_deferred
from buildbot.worker.base import Worker
from twisted.internet import reactor as twisted_reactor
from twisted.python import log

from local.layout import CHECKOUT
from local.ui_passwords import password_hash
from model.installation import Installation, Reach
from model.retention import RETENTION_BUILDER
from releases.buttons import REMOVE
from releases.store import Store
from schedulers.buttons import button
from tests.releases.ledgers import OLD, PRODUCTION, SITE
from web.access import services, ui

reactor: Any = twisted_reactor
READER, RELEASER = "rea", "ana"
"""Both may log in; the site says that the second is a releaser."""
PASSWORD = "correct horse"
UNHASHED = "una"
"""The file has her password in clear text, as files of earlier versions had."""
BUILDER = PRODUCTION.builder(SITE.component("blog"))
MEMORY = "sqlite://"
BUTTON, WORKER = "force", "absent"


class SmallMaster:
    """The running process, as its visitors and its operator see it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store(folder=folder / "store")
        self.store.incoming("x").parent.mkdir(parents=True)

    def __enter__(self) -> "SmallMaster":
        command = (sys.executable, "-m", "tests.web.small_master", str(self.folder))
        self.process = subprocess.Popen(
            command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        port = self.process.stdout.readline().strip()
        assert port, self.log
        self.url = f"http://127.0.0.1:{port}/"
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.process.communicate(timeout=60)

    @property
    def log(self) -> str:
        return (self.folder / "master.log").read_text()

    def session(self, user: str | None = None) -> requests.Session:
        """A browser in which somebody has logged in; nobody when no name is given."""
        session = requests.Session()
        session.trust_env = False
        if user:
            assert self.log_in(session, user, PASSWORD).status_code == 302
        return session

    def log_in(self, session: requests.Session, user: str, password: str) -> requests.Response:
        login = (user, password)
        return session.get(f"{self.url}auth/login", auth=login, allow_redirects=False, timeout=30)

    def get(self, session: requests.Session, path: str, **query: str) -> requests.Response:
        return session.get(f"{self.url}{path}", params=query, timeout=30)

    def control(
        self, session: requests.Session, path: str, action: str, **parameters: Any
    ) -> requests.Response:
        call: Any = {"jsonrpc": "2.0", "id": 1, "method": action, "params": parameters}
        return session.post(f"{self.url}api/v2/{path}", json=call, timeout=30)


def configuration(folder: Path) -> dict[str, Any]:
    """What `master.cfg` makes, with two builders that have no worker."""
    installation = Installation(
        site=folder,
        url="http://localhost/",
        http_port=1,
        worker_port=1,
        store=folder / "store",
        secrets=folder / "secrets",
        reach={e.name: Reach(address="127.0.0.1") for e in SITE.environments},
    )
    return {
        "builders": [
            BuilderConfig(name, workernames=[WORKER], factory=BuildFactory())
            for name in (BUILDER, RETENTION_BUILDER)
        ],
        "buildbotNetUsageData": None,
        "buildbotURL": installation.url,
        "db_url": MEMORY,
        "multiMaster": True,
        "protocols": {"pb": {"port": "tcp:0:interface=127.0.0.1"}},
        "schedulers": [
            ForceScheduler(BUTTON, builderNames=[BUILDER]),
            button(REMOVE, "Remove what is not kept", [RETENTION_BUILDER]),
        ],
        "secretsProviders": [SecretInAFile(str(installation.secrets))],
        "services": services(SITE, installation, Store(folder=installation.store)),
        "workers": [Worker(WORKER, "x")],
        "www": ui(SITE, installation)
        | {"allowed_origins": ["http://127.0.0.1:*"], "port": "tcp:0:interface=127.0.0.1"},
    }


class Loader:
    """Buildbot's `FileLoader`, for a configuration that is no file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def loadConfig(self) -> MasterConfig:
        return MasterConfig.loadFromDict(configuration(self.folder), "small_master.py")


def secrets(folder: Path) -> None:
    folder.mkdir()
    hashed = "".join(f"{user}:{password_hash(PASSWORD)}\n" for user in (READER, RELEASER))
    passwords = f"{hashed}{UNHASHED}:{PASSWORD}\n"
    for name, secret in {"ui-passwords": passwords, "webhook-github": "shared"}.items():
        (folder / name).touch(0o600)
        (folder / name).write_text(secret)


@async_to_deferred
async def start(folder: Path) -> None:
    """Start the master with a promotion that is done and one that runs; print the port."""
    master: Any = BuildMaster(str(folder), config_loader=Loader(folder))
    master.config.db.db_url = MEMORY
    await master.db.setup(check_version=False)
    await master.db.model.upgrade()
    await master.db.builders.findBuilderId(BUILDER)  # the tests name its builds by number 1
    master.db.setup = lambda: None
    await master.startService()
    reactor.addSystemEventTrigger("before", "shutdown", master.stopService)
    for complete in (True, False):
        await promotion(master, complete=complete)
    print(master.www.getPortnum(), flush=True)


async def promotion(master: Any, *, complete: bool) -> None:
    updates = master.data.updates
    builder = await updates.findBuilderId(BUILDER)
    stamp = {"project": "", "repository": "", "codebase": "", "branch": None, "revision": None}
    _, requested = await updates.addBuildset(
        waited_for=False, builderids=[builder], sourcestamps=[stamp]
    )
    worker = await master.db.workers.findWorkerId(WORKER)
    build, _ = await master.db.builds.addBuild(
        builder, requested[builder], worker, master.masterid, "running"
    )
    for name, value in {"action": "promote", "digest": OLD, "live": OLD}.items():
        await updates.setBuildProperty(build, name, value, "test")
    if complete:
        await updates.finishBuild(build, SUCCESS)


def main() -> None:
    folder = Path(sys.argv[1])
    log.startLogging((folder / "master.log").open("w"), setStdout=False)
    secrets(folder / "secrets")

    def end_with_input() -> None:
        sys.stdin.read()
        reactor.callFromThread(reactor.stop)

    def refuse(failure: Any) -> None:
        log.err(failure)
        reactor.stop()

    threading.Thread(target=end_with_input, daemon=True).start()
    reactor.callWhenRunning(lambda: start(folder).addErrback(refuse))
    reactor.run()


if __name__ == "__main__":
    main()
