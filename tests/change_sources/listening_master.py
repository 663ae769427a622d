"""A master whose pollers and webhooks are real, and which builds nothing that takes time."""

import hashlib
import hmac
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import treq
from buildbot.changes.base import ReconfigurablePollingChangeSource
from buildbot.config.builder import BuilderConfig
from buildbot.master import BuildMaster
from buildbot.process.factory import BuildFactory
from buildbot.process.project import Project
from buildbot.secrets.providers.file import SecretInAFile
from buildbot.test.util.integration import RunMasterBase
from twisted.internet import reactor
from twisted.internet.task import deferLater

from change_sources import webhooks
from change_sources.pollers import pollers
from model.forges import webhook_secret
from model.site import read_site
from schedulers import merge
from schedulers.changes import ANSWERED, POSTPONED
from tests.repositories import Repository

HOUR = 3600
SECRET = "shared with the forge"


class ListeningMaster(RunMasterBase):
    """A component whose upstream has releases and whose theme has a branch."""

    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.upstream = Repository(self.folder / "upstream")
        self.theme = Repository(self.folder / "theme")
        self.upstream.commit({"index.php": "<?php\n"}, tag="1.9")
        self.theme.commit({"style.css": "body {}\n"})

    async def listen(self, seconds: int = HOUR, database: str = "sqlite://") -> None:
        """Start a master, and wait until it has polled each repository once."""
        site = self.site(seconds)
        secrets = self.folder / "keys"
        secrets.mkdir(exist_ok=True)
        for forge in ("github", "gitlab", "gitea"):
            secret = secrets / webhook_secret(forge)
            secret.touch(0o600)
            secret.write_text(SECRET)
        polling = pollers(site)
        self.scheduler = merge.scheduler(site)
        await self.setup_master(
            {
                "builders": [
                    BuilderConfig("blog-build", workernames=["local1"], factory=BuildFactory())
                ],
                "schedulers": [self.scheduler],
                "change_source": polling,
                "projects": [Project("blog")],
                "secretsProviders": [SecretInAFile(str(secrets))],
                "www": {
                    "port": "tcp:0:interface=127.0.0.1",
                    "change_hook_dialects": webhooks.dialects(),
                },
                "db_url": database,
                "multiMaster": True,
            },
            basedir=str(self.folder / "master"),
        )
        while not all([await self.has_polled(poller) for poller in polling]):
            await deferLater(reactor, 0.05)
        while not await self.is_idle():
            await deferLater(reactor, 0.05)
        self.first_changes = len(await self.master.data.get(("changes",)))
        self.first_builds = len(await self.master.data.get(("buildsets",)))

    async def is_idle(self) -> bool:
        """Whether every change is answered and every build has ended."""
        changes = await self.master.data.get(("changes",))
        newest = max(change["changeid"] for change in changes)
        answered = await self.scheduler.getState(ANSWERED, None) == newest
        builds = await self.master.data.get(("buildrequests",))
        postponed = await self.scheduler.getState(POSTPONED, [])
        return answered and not postponed and all(build["complete"] for build in builds)

    @property
    def running(self) -> BuildMaster:
        assert self.master
        return self.master

    async def has_polled(self, poller: ReconfigurablePollingChangeSource) -> bool:
        """Whether a poller has stored the state of its repository."""
        state = self.master.db.state
        identity = await state.getObjectId(poller.name, type(poller).__name__)
        values = [await state.getState(identity, key, None) for key in ("head", "releases")]
        return any(values)

    def site(self, seconds: int) -> Any:
        files = {
            "site.toml": f'title = "S"\nreleasers = ["ana"]\npoll_seconds = {seconds}\n',
            "environments/staging.toml": 'domain = "s.example"\nindexed = false\ntls = "internal"',
            "components/blog/component.toml": f"""
                title = "Blog"
                runtime = "php"
                host = "blog"
                upstream = {{repository = "{self.upstream.address}", release = "1.*"}}
                [[overlays]]
                repository = "{self.theme.address}"
                branch = "main"
                into = "themes/ours"
                """,
        }
        for name, text in files.items():
            path = self.folder / "site" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return read_site(self.folder / "site")

    async def changes(self, count: int) -> list[str]:
        """The comments of the changes since the first polls, once there are this many."""
        while len(changes := await self.new_changes()) < count:
            await deferLater(reactor, 0.05)
        return sorted(change["comments"] for change in changes)

    async def new_changes(self) -> list[dict[str, Any]]:
        changes = await self.master.data.get(("changes",))
        return sorted(changes, key=lambda change: change["changeid"])[self.first_changes :]

    async def await_builds(self, count: int) -> None:
        """Wait until this many builds are requested after the first ones."""
        while len(await self.master.data.get(("buildsets",))) < self.first_builds + count:
            await deferLater(reactor, 0.05)

    async def hook(self, body: bytes, signature: str | None = "right") -> tuple[int, str]:
        """Post a push as GitHub does; the status and the text of the response."""
        headers = {"Content-Type": "application/json", "X-GitHub-Event": "push"}
        if signature is not None:
            right = f"sha256={signed(body)}"
            headers["X-Hub-Signature-256"] = right if signature == "right" else signature
        return await self.post("github", body, headers)

    async def post(self, forge: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        port = self.running.www.getPortnum()
        address = f"http://127.0.0.1:{port}/change_hook/{forge}"
        sent: Any = headers
        response = await treq.post(address, data=body, headers=sent, persistent=False)
        return response.code, (await response.text()).strip()

    def push(self, repository: Repository) -> bytes:
        return json.dumps({"repository": {"clone_url": repository.address}}).encode()


def signed(body: bytes) -> str:
    """The HMAC that GitHub and Gitea send, in hexadecimal."""
    return hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
