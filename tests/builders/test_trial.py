"""Trials of our changes on newer upstream code, with a real master and its worker."""

import subprocess
from pathlib import Path
from typing import Any

from buildbot.config.builder import BuilderConfig
from buildbot.process.results import FAILURE, SUCCESS, WARNINGS
from buildbot.util.twisted import async_to_deferred

from builders import trial
from model.component import Component
from model.installation import Installation, SiteRepository
from model.site import Site
from releases.trial import Report, Target
from tests.builders.one_component import PAGE, OneComponent
from tests.repositories import Repository


class Watch(OneComponent):
    """Upstream has 1.10, which the blog follows, and newer commits and releases."""

    offers: SiteRepository | None = None

    def builder(self, blog: Component, site: Site) -> BuilderConfig:
        nowhere = Path("/nonexistent")
        installation = Installation(
            site=site.folder,
            url="http://localhost/",
            http_port=8010,
            worker_port=8011,
            store=nowhere,
            secrets=nowhere,
            site_repository=self.offers,
        )
        return trial.builder(blog, site, installation, ["local1"])

    def report(self, result: dict[str, Any]) -> Report:
        return Report.model_validate(result["properties"]["upstream"][0])

    @async_to_deferred
    async def test_the_report_says_that_upstream_has_nothing_newer(self) -> None:
        result = await self.run_build()
        assert result["results"] == SUCCESS, self.summaries(result)
        summaries = (
            "pinned 1.10: 1 patch applies; nothing newer is released; branch main: 1 patch applies"
        )
        assert result["state_string"] == f"build successful {summaries}"

    @async_to_deferred
    async def test_a_pinned_commit_has_trials_and_no_offer(self) -> None:
        pinned = self.upstream.git("rev-parse", "1.10^{commit}")
        self.upstream.commit({"index.php": f"{PAGE}echo 'four';\n"}, tag="2.0")
        self.describe(upstream=f'commit = "{pinned[:9]}"')
        report = self.report(await self.run_build())
        assert [(trial.release, trial.fits) for trial in report.trials] == [
            (pinned[:9], True),
            ("2.0", True),
            ("main", True),
        ]
        assert not report.offer

    @async_to_deferred
    async def test_a_newer_release_that_fits_is_offered_as_a_change_of_one_line(self) -> None:
        self.upstream.commit({"index.php": f"{PAGE}echo 'four';\n"}, tag="2.0")
        result = await self.run_build()
        report = self.report(result)
        assert result["results"] == SUCCESS, self.summaries(result)
        newest = report.trial(Target.NEWEST)
        assert newest is not None
        assert (newest.release, newest.fits) == ("2.0", True)
        assert newest.commit == self.upstream.git("rev-parse", "2.0^{commit}")
        assert report.offer == '2.0 is ready: release = "2.*"'
        patch = await self.log(result, "offer", "component.toml")
        changed = [line for line in patch.splitlines() if line.startswith(("+", "-"))]
        assert [line.split()[0] for line in changed] == ["---", "+++", "-", "+"]
        assert self.git_applies(patch)

    @async_to_deferred
    async def test_a_ready_change_is_pushed_as_a_branch_once(self) -> None:
        ours = Repository(self.folder / "ours")
        ours.git("config", "receive.denyCurrentBranch", "ignore")
        text = (self.folder / "site/components/blog/component.toml").read_text()
        ours.commit({"sites/s/components/blog/component.toml": text})
        self.offers = SiteRepository(address=ours.address, folder="sites/s")
        self.upstream.commit({"new": "new\n"}, tag="2.0")
        result = await self.run_build()
        assert self.report(result).offer == "2.0 is ready: branch upstream/blog-2.0"
        difference = ours.git("diff", "--numstat", "main", "upstream/blog-2.0")
        assert difference == "1\t1\tsites/s/components/blog/component.toml"
        assert ours.git("log", "-1", "--format=%s", "upstream/blog-2.0") == "Take blog to 2.0"
        head = ours.git("rev-parse", "upstream/blog-2.0")
        again = await self.run_again()
        assert self.report(again).offer.endswith("branch upstream/blog-2.0, offered before")
        assert ours.git("rev-parse", "upstream/blog-2.0") == head

    @async_to_deferred
    async def test_a_repository_that_refuses_the_branch_is_named_and_the_patch_stays(self) -> None:
        self.offers = SiteRepository(address=f"file://{self.folder}/nowhere")
        self.upstream.commit({"new": "new\n"}, tag="2.0")
        result = await self.run_build()
        assert result["results"] == WARNINGS
        assert (
            f"file://{self.folder}/nowhere does not take the branch"
            in self.summaries(result)["offer"]
        )
        assert 'release = "2.*"' in await self.log(result, "offer", "component.toml")

    @async_to_deferred
    async def test_a_conflict_and_a_change_that_upstream_has_get_different_verdicts(
        self,
    ) -> None:
        self.upstream.commit({"index.php": PAGE.replace("two", "deux")}, tag="2.0")
        self.upstream.commit({"index.php": PAGE.replace("two", "zwei")})
        result = await self.run_build()
        report = self.report(result)
        assert result["results"] == FAILURE
        newest, main = report.trial(Target.NEWEST), report.trial(Target.MAIN)
        assert newest is not None
        assert main is not None
        assert newest.words == "0 of 1 patches apply: 0001-two.patch conflicts (index.php, line 1)"
        assert main.words.startswith("0 of 1 patches apply: 0001-two.patch is already upstream")
        assert report.offer == ""
        assert "2.0" in result["state_string"]

    @async_to_deferred
    async def test_a_conflict_with_the_main_branch_alone_is_a_warning(self) -> None:
        self.upstream.commit({"index.php": PAGE.replace("two", "deux")})
        result = await self.run_build()
        assert result["results"] == WARNINGS, self.summaries(result)
        assert self.summaries(result)["try-main"].startswith("branch main: 0 of 1 patches apply")

    @async_to_deferred
    async def test_a_test_that_fails_on_the_newest_release_prevents_the_offer(self) -> None:
        self.describe('test = [["sh", "run.sh"]]')
        self.upstream.commit({"run.sh": "exit 3\n"}, tag="2.0")
        self.upstream.commit({"run.sh": "exit 0\n"})
        result = await self.run_build()
        report = self.report(result)
        assert result["results"] == FAILURE
        fits = {trial.target.value: trial.fits for trial in report.trials}
        assert fits == {"pinned": True, "newest": False, "main": True}
        newest = report.trial(Target.NEWEST)
        assert newest is not None
        assert newest.failed.startswith("test: sh run.sh")
        assert report.offer == ""

    @async_to_deferred
    async def test_a_lint_finding_in_newer_code_prevents_the_offer(self) -> None:
        lines = "".join(f"echo {number};\n" for number in range(20))
        self.upstream.commit({"more.php": f"<?php\n\n{lines}"}, tag="1.11")
        longer = lines.replace("echo 12;\n", "echo 12;\necho 'ours';\n")
        patch = self.upstream.patch({"more.php": f"<?php\n\n{longer}"}, "Say more")
        self.series("0002-more.patch", patch)
        self.upstream.commit({"more.php": f"<?php\n\nexit;\n{lines}"}, tag="2.0")
        result = await self.run_build()
        failed = {trial.release: trial.failed for trial in self.report(result).trials}
        assert failed["1.11"] == ""
        assert failed["2.0"].startswith("lint-changes: 1 new: more.php: Code after")

    @async_to_deferred
    async def test_each_of_several_tests_counts(self) -> None:
        self.describe('test = [["sh", "-c", "exit 0"], ["sh", "run.sh"]]')
        self.upstream.commit({"run.sh": "exit 3\n"}, tag="2.0")
        report = self.report(await self.run_build())
        newest = report.trial(Target.NEWEST)
        assert newest is not None
        assert newest.failed.startswith("test: sh run.sh")
        assert (newest.fits, report.offer) == (False, "")

    @async_to_deferred
    async def test_a_series_for_a_folder_counts_too(self) -> None:
        self.upstream.commit({"lib/a.php": "<?php\n\necho 'a';\n"}, tag="1.11")
        library = Repository(self.folder / "library")
        library.commit({"a.php": "<?php\n\necho 'a';\n"})
        self.series("lib/0001-b.patch", library.patch({"a.php": "<?php\n\necho 'b';\n"}, "B"))
        self.upstream.commit({"lib/a.php": "<?php\n\necho 'c';\n"}, tag="2.0")
        report = self.report(await self.run_build())
        newest = report.trial(Target.NEWEST)
        assert newest is not None
        assert newest.failed.startswith("try: patch 1 of 1 does not apply: 0001-b.patch 'B'")
        assert (newest.fits, report.offer) == (False, "")

    @async_to_deferred
    async def test_an_upstream_that_cannot_be_reached_is_named(self) -> None:
        self.describe()
        (self.folder / "upstream").rename(self.folder / "elsewhere")
        result = await self.run_build()
        assert result["results"] == FAILURE
        assert (
            f"{self.upstream.address} cannot be reached" in self.summaries(result)["find-releases"]
        )
        assert f"{self.upstream.address} cannot be reached" in self.report(result).unknown

    def git_applies(self, patch: str) -> bool:
        """Whether the offered patch applies to the site's folder."""
        result = subprocess.run(
            ["git", "apply", "--check"], cwd=self.folder / "site", input=patch.encode()
        )
        return result.returncode == 0

    async def log(self, result: dict[str, Any], step: str, name: str) -> str:
        """The text of one log of one step."""
        steps = await self.master.data.get(("builds", result["buildid"], "steps"))
        (stepid,) = [s["stepid"] for s in steps if s["name"] == step]
        logs = await self.master.data.get(("steps", stepid, "logs"))
        (log,) = [each["logid"] for each in logs if each["name"] == name]
        return str((await self.master.data.get(("logs", log, "contents")))["content"])
