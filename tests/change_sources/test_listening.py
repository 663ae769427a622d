"""Polling finds every merge; a webhook only makes a poller poll sooner."""

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
from buildbot.process.properties import Secret
from buildbot.secrets.providers.file import SecretInAFile
from buildbot.test.util.integration import RunMasterBase
from buildbot.util.twisted import async_to_deferred
from twisted.internet import reactor
from twisted.internet.task import deferLater

from change_sources.commit_summary import read_summary
from change_sources.github import MAX_BYTES, GitHubHook
from change_sources.pollers import pollers
from model.site import read_site
from schedulers import merge
from tests.repositories import Repository

HOUR = 3600


class Listening(RunMasterBase):
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
        secret = self.folder / "keys" / "webhook-github"
        secret.parent.mkdir(exist_ok=True)
        secret.touch(0o600)
        secret.write_text("shared with GitHub")
        polling = pollers(site)
        await self.setup_master(
            {
                "builders": [
                    BuilderConfig("blog-build", workernames=["local1"], factory=BuildFactory())
                ],
                "schedulers": [merge.scheduler(site)],
                "change_source": polling,
                "projects": [Project("blog")],
                "secretsProviders": [SecretInAFile(str(secret.parent))],
                "www": {
                    "port": "tcp:0:interface=127.0.0.1",
                    "change_hook_dialects": {
                        "github": {"custom_class": GitHubHook, "secret": Secret("webhook-github")}
                    },
                },
                "db_url": database,
                "multiMaster": True,
            },
            basedir=str(self.folder / "master"),
        )
        while not all([await self.has_polled(poller) for poller in polling]):
            await deferLater(reactor, 0.05)
        await self.await_builds(1)
        self.first_changes = len(await self.master.data.get(("changes",)))

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
        """Wait until this many builds are requested."""
        while len(await self.master.data.get(("buildsets",))) < count:
            await deferLater(reactor, 0.05)

    async def hook(self, body: bytes, signature: str | None = "right") -> tuple[int, str]:
        """Post a webhook as GitHub does; the status and the text of the response."""
        right = "sha256=" + hmac.new(b"shared with GitHub", body, hashlib.sha256).hexdigest()
        headers: dict[bytes | str, bytes | str] = {
            "Content-Type": "application/json",
            "X-GitHub-Event": "push",
        }
        if signature is not None:
            headers["X-Hub-Signature-256"] = right if signature == "right" else signature
        address = f"http://127.0.0.1:{self.master.www.getPortnum()}/change_hook/github"
        response = await treq.post(address, data=body, headers=headers, persistent=False)
        return response.code, (await response.text()).strip()

    def push(self, repository: Repository) -> bytes:
        return json.dumps({"repository": {"clone_url": repository.address}}).encode()

    @async_to_deferred
    async def test_a_change_without_a_webhook_is_found_by_polling(self) -> None:
        await self.listen(seconds=1)
        self.theme.commit({"style.css": "p {}\n"}, subject="Seen by polling")
        assert await self.changes(1) == ["Seen by polling"]
        await self.await_builds(2)

    @async_to_deferred
    async def test_a_webhook_makes_the_poller_poll_at_once(self) -> None:
        await self.listen()
        self.theme.commit({"style.css": "p {}\n"}, subject="Told by a hook")
        assert (await self.hook(self.push(self.theme)))[0] == 200
        assert await self.changes(1) == ["Told by a hook"]

    @async_to_deferred
    async def test_a_repeated_webhook_records_one_change(self) -> None:
        await self.listen()
        self.theme.commit({"style.css": "p {}\n"}, subject="Once")
        for _ in range(3):
            assert (await self.hook(self.push(self.theme)))[0] == 200
        await self.changes(1)
        self.theme.commit({"style.css": "a {}\n"}, subject="Then")
        await self.hook(self.push(self.theme))
        assert await self.changes(2) == ["Once", "Then"]

    @async_to_deferred
    async def test_two_new_commits_are_one_change_and_start_one_build(self) -> None:
        await self.listen()
        self.theme.commit({"style.css": "p {}\n"}, subject="First")
        self.theme.commit({"style.css": "a {}\n"}, subject="Second")
        await self.hook(self.push(self.theme))
        assert await self.changes(1) == ["Second"]
        await self.await_builds(2)

    @async_to_deferred
    async def test_a_commit_that_is_not_utf_8_is_shown_with_replaced_characters(self) -> None:
        await self.listen()
        person = b"J\xf6rg <j@example.org> 1764000000 +0000"
        head = self.theme.commit_object("HEAD", person, b"Gr\xfc\xdfe\n\nMore")
        self.theme.git("reset", "--quiet", "--hard", head)
        await self.hook(self.push(self.theme))
        assert await self.changes(1) == ["Gr\ufffd\ufffde"]
        assert (await self.new_changes())[0]["author"] == "J\ufffdrg <j@example.org>"
        await self.await_builds(2)

    @async_to_deferred
    async def test_a_commit_that_is_gone_is_known_by_its_id(self) -> None:
        await self.listen()
        summary = await read_summary(self.running, self.theme.address, "main", "1" * 40)
        assert summary == ("unknown", f"main is at {'1' * 12}")

    @async_to_deferred
    async def test_a_new_release_is_one_change_and_its_series_is_built(
        self,
    ) -> None:
        await self.listen()
        self.upstream.commit({"index.php": "<?php //10\n"})
        self.upstream.commit({"index.php": "<?php //11\n"}, tag="1.10")
        self.upstream.git("tag", "2.0")
        self.upstream.git("tag", "1.11-rc1")
        await self.hook(self.push(self.upstream))
        assert await self.changes(2) == ["Upstream released 1.10", "Upstream released 2.0"]
        await self.await_builds(2)

    @async_to_deferred
    async def test_a_forged_webhook_is_answered_403(self) -> None:
        await self.listen()
        self.theme.commit({"style.css": "p {}\n"})
        forged = "sha256=" + "0" * 64
        for signature in (None, "", forged, "sha1=abc", "sha256=\xff", "right "):
            for body in (self.push(self.theme), b"{", b""):
                assert (await self.hook(body, signature))[0] == 403
        assert await self.changes(0) == []

    @async_to_deferred
    async def test_a_signed_webhook_without_a_known_repository_is_rejected(self) -> None:
        await self.listen()
        rejected = {
            b"{": (400, "not JSON"),
            b"[]": (400, "not a JSON object"),
            b"{}": (400, "no repository in the payload"),
            b'{"repository": "x"}': (400, "no repository in the payload"),
            b'{"repository": {"clone_url": 3}}': (400, "no repository in the payload"),
            b'{"repository": {"clone_url": "https://x/y"}}': (404, "nothing here follows"),
            b"\xff\xfe": (400, "not JSON"),
            b" " * (MAX_BYTES + 1): (413, "more than"),
        }
        for body, (status, words) in rejected.items():
            code, answer = await self.hook(body)
            assert (code, words in answer) == (status, True), (body[:40], code, answer)
        assert self.flushLoggedErrors() == []
