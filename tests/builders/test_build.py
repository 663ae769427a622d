"""The whole build on real repositories, with a real master and its worker."""

import hashlib
import io
import json
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
from buildbot.process.results import FAILURE, SUCCESS
from buildbot.schedulers.forcesched import ForceScheduler
from buildbot.secrets.providers.file import SecretInAFile
from buildbot.test.util.integration import RunMasterBase
from buildbot.util.twisted import async_to_deferred
from twisted.internet import reactor
from twisted.internet.task import deferLater

from builders import build
from model.site import read_site
from releases.provenance import new_key, verify
from releases.store import Store
from schedulers import follow
from tests.repositories import Repository

PAGE = "<?php\n\necho 'one';\necho 'two';\necho 'three';\n"
PRIVATE, PUBLIC = new_key()


class Build(RunMasterBase):
    """One component `blog`: an upstream with two releases, a patch, an overlay."""

    def setUp(self) -> None:
        super().setUp()
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

    def describe(self, more: str = "", release: str = 'release = "1.*"') -> None:
        self.write(
            "components/blog/component.toml",
            f"""
            title = "Blog"
            runtime = "php"
            host = "blog"
            {more}
            [upstream]
            repository = "{self.upstream.address}"
            {release}
            [[overlays]]
            repository = "{self.theme.address}"
            branch = "main"
            into = "themes/ours"
            """,
        )
        self.write("components/blog/templates/config.php.j2", "<?php // {{ url }}\n")

    def series(self, name: str, text: str) -> None:
        self.write(f"components/blog/patches/{name}", text)

    async def run_build(self) -> dict[str, Any]:
        """Start a master on the site as it is written now, and build."""
        keys = self.folder / "keys"
        keys.mkdir(exist_ok=True)
        (keys / "signing-key").touch(0o600)
        (keys / "signing-key").write_text(PRIVATE)
        self.store = Store(folder=self.folder / "store")
        self.store.incoming("x").parent.mkdir(parents=True, exist_ok=True)
        site = read_site(self.folder / "site")
        (blog,) = site.components
        builder = build.builder(blog, site, self.store, ["local1"])
        deploying = BuilderConfig(
            name="blog-staging", workernames=["local1"], factory=BuildFactory()
        )
        await self.setup_master(
            {
                "builders": [builder, deploying],
                "schedulers": [
                    ForceScheduler(name="force", builderNames=[builder.name]),
                    follow.scheduler(blog, site.environment("staging")),
                ],
                "secretsProviders": [SecretInAFile(str(keys))],
                "multiMaster": True,
                "projects": [Project("blog")],
            }
        )
        done: dict[str, Any] = await self.doForceBuild(wantSteps=True, wantProperties=True)
        if done["results"] == SUCCESS:
            await self.told(done["properties"]["digest"][0])
        return done

    async def told(self, digest: str) -> None:
        """Wait until staging was told of the digest."""
        complete = [Filter("complete", "eq", [True])]
        path = ("builders", "blog-staging", "builds")
        while not (builds := await self.master.data.get(path, filters=complete)):
            await deferLater(reactor, 0.05)
        properties = await self.master.data.get(("builds", builds[0]["buildid"], "properties"))
        assert properties["wanted"][0] == digest
        assert properties["action"][0] == "deploy"

    def said(self, done: dict[str, Any]) -> dict[str, str]:
        return {step["name"]: step["state_string"] for step in done["steps"]}

    def packed(self, done: dict[str, Any]) -> dict[str, str]:
        """The files of the stored artifact and their texts."""
        digest = done["properties"]["digest"][0]
        tar = zstandard.decompress(
            self.store.artifact(digest).read_bytes(), max_output_size=10_000_000
        )
        assert hashlib.sha256(tar).hexdigest() == digest
        with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
            files = [member for member in archive if member.isfile()]
            assert {(m.uid, m.gid, m.mode) for m in files} <= {(0, 0, 0o644), (0, 0, 0o755)}
            return {m.name: archive.extractfile(m).read().decode() for m in files}

    @async_to_deferred
    async def test_the_newest_release_is_patched_overlaid_packed_and_recorded(self) -> None:
        done = await self.run_build()
        said = self.said(done)
        assert done["results"] == SUCCESS, said
        assert said["apply-patches"] == "1 patch applied on 1.10"
        assert said["lint-changes"] == "1 changed PHP files, nothing new"
        files = self.packed(done)
        assert "zwei" in files["index.php"]
        assert files["themes/ours/style.css"] == "body {}\n"
        assert "old.txt" in files
        assert files[".slipway/templates/config.php.j2"] == "<?php // {{ url }}\n"
        assert json.loads(files[".slipway/manifest.json"])["component"] == "blog"
        digest = done["properties"]["recorded"][0]
        provenance = verify(self.store.provenance(digest).read_bytes(), PUBLIC)
        assert provenance.upstream.commit == self.upstream.git("rev-parse", "1.10^{commit}")
        assert [patch.subject for patch in provenance.patches] == ["Say zwei"]
        assert provenance.materials[1].commit == self.theme.git("rev-parse", "HEAD")

    @async_to_deferred
    async def test_a_patch_that_does_not_apply_is_named_with_its_hunk_and_nothing_is_stored(
        self,
    ) -> None:
        other = PAGE.replace("three", "drei")
        self.series("0002-three.patch", self.upstream.patch({"index.php": other}, "Say drei"))
        self.series("0003-again.patch", self.upstream.patch({"index.php": other}, "Again"))
        done = await self.run_build()
        assert done["results"] == FAILURE
        expected = "0002-three.patch does not apply: index.php, hunk 1 (line 2) (failure)"
        assert self.said(done)["apply-patches"] == expected
        assert done["steps"][-1]["name"] == "apply-patches"
        assert not [path for path in self.store.folder.rglob("*") if path.is_file()]

    @async_to_deferred
    async def test_a_lint_finding_that_a_patch_adds_stops_the_build(self) -> None:
        broken = PAGE.replace("echo 'one';", "eval('one');")
        self.series("0001-two.patch", self.upstream.patch({"index.php": broken}, "Evaluate"))
        done = await self.run_build()
        assert done["results"] == FAILURE
        assert self.said(done)["lint-changes"].startswith("1 new: index.php: Use of eval()")

    @async_to_deferred
    async def test_a_host_name_of_an_environment_in_the_artifact_is_named(self) -> None:
        self.theme.commit({"links.css": "/* https://blog.s.example/ */"})
        done = await self.run_build()
        assert done["results"] == FAILURE
        expected = "themes/ours/links.css names blog.s.example: a release must not know where"
        assert expected in self.said(done)["pack"]
        assert not [path for path in self.store.folder.rglob("*") if path.is_file()]

    @async_to_deferred
    async def test_a_secret_in_what_the_site_adds_is_named(self) -> None:
        key = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIE\n"
        self.theme.commit({"deploy.key": key})
        done = await self.run_build()
        assert done["results"] == FAILURE
        expected = "themes/ours/deploy.key, line 1: Private Key (failure)"
        assert self.said(done)["scan-for-secrets"] == expected

    @async_to_deferred
    async def test_a_failing_test_of_the_component_stops_the_build(self) -> None:
        self.describe('test = [["sh", "run.sh"], ["sh", "-c", "exit 3"]]')
        done = await self.run_build()
        said = self.said(done)
        assert done["results"] == FAILURE
        assert "run.sh" in said["test"]
        assert done["steps"][-1]["name"] == "test_1", said

    @async_to_deferred
    async def test_what_the_build_commands_make_is_packed_and_nothing_else(self) -> None:
        make = "mkdir -p out && date -u -d @$SOURCE_DATE_EPOCH > out/made.html"
        self.describe(f"""build = [["sh", "-c", '{make}']]\noutput = "out" """)
        done = await self.run_build()
        assert done["results"] == SUCCESS, self.said(done)
        files = self.packed(done)
        assert sorted(name for name in files if not name.startswith(".slipway")) == ["made.html"]
        assert "2026" in files["made.html"]

    @async_to_deferred
    async def test_an_unreachable_repository_is_named(self) -> None:
        shutil.rmtree(self.theme.folder)
        done = await self.run_build()
        assert done["results"] == FAILURE
        assert f"{self.theme.address} cannot be reached" in self.said(done)["lay-overlays"]

    @async_to_deferred
    async def test_a_series_without_a_release_is_named(self) -> None:
        self.describe(release='release = "7.*"')
        done = await self.run_build()
        expected = f"{self.upstream.address} has no releases 7.* (failure)"
        assert self.said(done)["fetch-upstream"] == expected

    @async_to_deferred
    async def test_a_branch_whose_name_ends_like_the_followed_one_is_not_it(self) -> None:
        followed = self.theme.git("rev-parse", "main")
        self.theme.git("checkout", "-q", "-b", "x/refs/heads/main")
        self.theme.commit({"style.css": "evil {}\n"})
        done = await self.run_build()
        assert done["properties"]["materials"][0][1]["commit"] == followed

    @async_to_deferred
    async def test_a_repository_cannot_say_how_its_release_is_configured(self) -> None:
        self.upstream.commit({".slipway/templates/theirs.j2": "{{ 7 * 7 }}"}, tag="1.11")
        files = self.packed(await self.run_build())
        ours = [".slipway/manifest.json", ".slipway/templates/config.php.j2"]
        assert sorted(name for name in files if name.startswith(".slipway")) == ours
