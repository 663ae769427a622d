"""A master with one component `blog`, whose site and repositories are created by the test."""

import hashlib
import io
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import zstandard
from buildbot.config.builder import BuilderConfig
from buildbot.data.resultspec import Filter
from buildbot.process.factory import BuildFactory
from buildbot.process.project import Project
from buildbot.schedulers.forcesched import ForceScheduler
from buildbot.secrets.providers.file import SecretInAFile
from buildbot.test.util.integration import RunMasterBase
from twisted.internet import reactor
from twisted.internet.task import deferLater

from builders import build
from model.component import Component
from model.site import Site, read_site
from releases.provenance import Provenance, generate_key, verify
from releases.store import Store
from schedulers import trigger
from tests.repositories import Repository

PAGE = "<?php\n\necho 'one';\necho 'two';\necho 'three';\n"
PRIVATE, PUBLIC = generate_key()


class OneComponent(RunMasterBase):
    """One component `blog`: an upstream with two releases, a patch, an overlay."""

    def setUp(self) -> None:
        super().setUp()
        self.presses = 0
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.upstream = Repository(self.folder / "upstream")
        self.theme = Repository(self.folder / "theme")
        self.upstream.commit({"index.php": PAGE, "old.txt": "old"}, tag="1.9")
        self.upstream.commit({"index.php": PAGE, "run.sh": "exit 0\n"}, tag="1.10")
        self.theme.commit({"style.css": "body {}\n"})
        self.write("site.toml", 'title = "S"\nreleasers = ["ana"]\npoll_seconds = 5\n')
        self.write(
            "environments/staging.toml", 'domain = "s.example"\nindexed = false\ntls = "internal"\n'
        )
        self.describe()
        patched = PAGE.replace("two", "zwei")
        self.series("0001-two.patch", self.upstream.patch({"index.php": patched}, "Say zwei"))

    def write(self, name: str, text: str) -> None:
        path = self.folder / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def describe(
        self, more: str = "", upstream: str = 'release = "1.*"', overlay: str = 'branch = "main"'
    ) -> None:
        self.write(
            "components/blog/component.toml",
            f"""
            title = "Blog"
            runtime = "php"
            host = "blog"
            {more}
            [upstream]
            repository = "{self.upstream.address}"
            {upstream}
            [[overlays]]
            repository = "{self.theme.address}"
            into = "themes/ours"
            {overlay}
            """,
        )
        self.write("components/blog/templates/config.php.j2", "<?php // {{ url }}\n")

    def series(self, name: str, text: str) -> None:
        self.write(f"components/blog/patches/{name}", text)

    def builder(self, blog: Component, site: Site) -> BuilderConfig:
        """The builder under test."""
        return build.builder(blog, site, self.store, ["local1"])

    async def run_build(self) -> dict[str, Any]:
        """Start a master on the current files of the site, and build."""
        keys = self.folder / "keys"
        keys.mkdir(exist_ok=True)
        (keys / "signing-key").touch(0o600)
        (keys / "signing-key").write_text(PRIVATE)
        self.store = Store(folder=self.folder / "store")
        self.store.incoming("x").parent.mkdir(parents=True, exist_ok=True)
        site = read_site(self.folder / "site")
        (blog,) = site.components
        builder = self.builder(blog, site)
        deploying = BuilderConfig(
            name="blog-staging", workernames=["local1"], factory=BuildFactory()
        )
        await self.setup_master(
            {
                "builders": [builder, deploying],
                "schedulers": [
                    ForceScheduler(name="force", builderNames=[builder.name]),
                    trigger.scheduler(site.environment("staging")),
                ],
                "secretsProviders": [SecretInAFile(str(keys))],
                "multiMaster": True,
                "projects": [Project("blog")],
            }
        )
        return await self.run_again()

    async def run_again(self) -> dict[str, Any]:
        """Build on the running master, and wait until staging has the deployment."""
        self.presses += 1
        result: dict[str, Any] = await self.doForceBuild(wantSteps=True, wantProperties=True)
        if "recorded" in result["properties"]:
            await self.await_deployment(result["properties"]["digest"][0])
        return result

    async def await_deployment(self, digest: str) -> None:
        """Wait until the digest is deployed to staging."""
        complete = [Filter("complete", "eq", [True])]
        path = ("builders", "blog-staging", "builds")
        while len(builds := await self.master.data.get(path, filters=complete)) < self.presses:
            await deferLater(reactor, 0.05)
        properties = await self.master.data.get(("builds", builds[-1]["buildid"], "properties"))
        assert properties["wanted"][0] == digest
        assert properties["action"][0] == "deploy"
        # The master updates its own state after its database: wait for that before it stops.
        while any(getattr(each, "_waiters", None) for each in self.master.scheduler_manager):
            await deferLater(reactor, 0.05)

    def summaries(self, result: dict[str, Any]) -> dict[str, str]:
        return {step["name"]: step["state_string"] for step in result["steps"]}

    def stored_files(self, result: dict[str, Any]) -> dict[str, str]:
        """The files of the stored artifact and their texts."""
        digest = result["properties"]["digest"][0]
        tar = zstandard.decompress(
            self.store.artifact(digest).read_bytes(), max_output_size=10_000_000
        )
        assert hashlib.sha256(tar).hexdigest() == digest
        with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
            files = [member for member in archive if member.isfile()]
            assert {(m.uid, m.gid, m.mode) for m in files} <= {(0, 0, 0o644), (0, 0, 0o755)}
            return {m.name: archive.extractfile(m).read().decode() for m in files}

    def provenance(self, result: dict[str, Any]) -> Provenance:
        """The signed provenance of the build's release."""
        digest = result["properties"]["recorded"][0]
        return verify(self.store.provenance(digest).read_bytes(), PUBLIC)
