"""The whole build on real repositories, with a real master and its worker."""

import json
import shutil
from pathlib import Path

from buildbot.process.results import FAILURE, SUCCESS
from buildbot.util.twisted import async_to_deferred

from tests.builders.one_component import PAGE, OneComponent


class Build(OneComponent):
    """What a build produces, and what stops it."""

    @async_to_deferred
    async def test_the_newest_release_is_patched_overlaid_packed_and_recorded(self) -> None:
        result = await self.run_build()
        summaries = self.summaries(result)
        assert result["results"] == SUCCESS, summaries
        assert summaries["apply-patches"] == "1 patch applied on 1.10"
        assert summaries["lint-changes"] == "1 changed PHP files, nothing new"
        files = self.stored_files(result)
        assert "zwei" in files["index.php"]
        assert files["themes/ours/style.css"] == "body {}\n"
        assert "old.txt" in files
        assert files[".slipway/templates/config.php.j2"] == "<?php // {{ url }}\n"
        assert json.loads(files[".slipway/manifest.json"])["component"] == "blog"
        provenance = self.provenance(result)
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
        result = await self.run_build()
        assert result["results"] == FAILURE
        expected = (
            "patch 2 of 3 does not apply: 0002-three.patch 'Say drei': "
            "index.php, hunk 1 (line 2) (failure)"
        )
        assert self.summaries(result)["apply-patches"] == expected
        assert result["steps"][-1]["name"] == "apply-patches"
        assert not [path for path in self.store.folder.rglob("*") if path.is_file()]

    @async_to_deferred
    async def test_a_lint_finding_that_a_patch_adds_stops_the_build(self) -> None:
        broken = PAGE.replace("echo 'one';", "eval('one');")
        self.series("0001-two.patch", self.upstream.patch({"index.php": broken}, "Evaluate"))
        result = await self.run_build()
        assert result["results"] == FAILURE
        assert self.summaries(result)["lint-changes"].startswith("1 new: index.php: Use of eval()")

    @async_to_deferred
    async def test_a_host_name_of_an_environment_in_the_artifact_is_named(self) -> None:
        self.theme.commit({"links.css": "/* https://blog.s.example/ */"})
        result = await self.run_build()
        assert result["results"] == FAILURE
        expected = "themes/ours/links.css names blog.s.example: a release must not know where"
        assert expected in self.summaries(result)["pack"]
        assert not [path for path in self.store.folder.rglob("*") if path.is_file()]

    @async_to_deferred
    async def test_a_secret_in_a_file_of_the_site_is_named(self) -> None:
        key = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIE\n"
        self.theme.commit({"deploy.key": key})
        result = await self.run_build()
        assert result["results"] == FAILURE
        expected = "themes/ours/deploy.key, line 1: Private Key (failure)"
        assert self.summaries(result)["scan-for-secrets"] == expected

    @async_to_deferred
    async def test_a_password_in_a_changed_file_is_named_with_the_line_that_the_file_has(
        self,
    ) -> None:
        more = f"{PAGE}$password = 'hunter2x';\n"
        line = more.count("\n")
        self.series("0001-two.patch", self.upstream.patch({"index.php": more}, "Say zwei"))
        result = await self.run_build()
        assert result["results"] == FAILURE
        expected = f"index.php, line {line}: Secret Keyword (failure)"
        assert self.summaries(result)["scan-for-secrets"] == expected

    @async_to_deferred
    async def test_an_accepted_finding_stops_nothing_and_a_needless_waiver_is_said(self) -> None:
        key = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIE\n"
        self.theme.commit({"tests/example.key": key})
        self.describe("""
            [[waivers]]
            file = "themes/*/example.key"
            finding = "Private Key"
            reason = "made for the theme's own tests"

            [[waivers]]
            file = "gone.php"
            finding = "Secret Keyword"
            reason = "was an example"
        """)
        result = await self.run_build()
        assert result["results"] == SUCCESS, self.summaries(result)
        expected = "1 accepted by 'waivers'; a waiver matches nothing: Secret Keyword in gone.php"
        assert self.summaries(result)["scan-for-secrets"].endswith(expected)

    @async_to_deferred
    async def test_a_store_that_takes_nothing_is_named_and_nothing_is_half_done(self) -> None:
        store = self.folder / "store"
        (store / "incoming").mkdir(parents=True)
        store.chmod(0o500)
        result = await self.run_build()
        store.chmod(0o700)
        assert result["results"] == FAILURE
        words = f"the master cannot write to {store / 'incoming'}: Permission denied; "
        assert words in self.summaries(result)["record"]
        assert "recorded" not in result["properties"]
        assert not [path for path in store.rglob("*") if path.is_file()]

    @async_to_deferred
    async def test_installed_dependencies_are_not_searched_for_secrets(self) -> None:
        self.upstream.commit({"requirements.txt": "# nothing\n"}, tag="1.11")
        key = "-----BEGIN RSA " + "PRIVATE KEY-----"
        make = f"mkdir -p packages && echo '{key}' > packages/example.txt"
        build = f'build = [["sh", "-c", "{make}"]]'
        self.describe(f'locks = ["requirements.txt"]\n{build}')
        result = await self.run_build()
        assert result["results"] == SUCCESS, self.summaries(result)
        assert key in self.stored_files(result)["packages/example.txt"]

    @async_to_deferred
    async def test_what_a_build_leaves_behind_is_said_and_does_not_stop_the_next_build(
        self,
    ) -> None:
        """A process that holds the output, a folder without rights, and a lock of git."""
        make = (
            "mkdir -p out/ro && git rev-parse HEAD > out/version; echo x > out/ro/f; "
            "chmod -R a-w out; touch ../repository.git/shallow.lock; sleep 3600 & true"
        )
        self.describe(f"""build = [["sh", "-c", '{make}']]\noutput = "out" """)
        for result in (await self.run_build(), await self.run_again()):
            summaries = self.summaries(result)
            assert result["results"] == SUCCESS, summaries
            assert "(left running, and ended: " in summaries["build"]
            assert self.stored_files(result)["version"] == ""

    @async_to_deferred
    async def test_a_worker_that_finds_its_copies_damaged_makes_them_anew(self) -> None:
        self.upstream.commit({"big.bin": "".join(map(str, range(50_000)))}, tag="1.11")
        first = await self.run_build()
        (workers,) = Path(self.master.basedir).glob("workers/*/blog-build/build")
        packs = workers.glob("repository.git/objects/pack/*.pack")
        pack = max(packs, key=lambda path: path.stat().st_size)
        content = pack.read_bytes()
        pack.chmod(0o600)
        half = len(content) // 2
        pack.write_bytes(content[:half] + bytes(200) + content[half + 200 :])
        damaged = await self.run_again()
        assert damaged["results"] == FAILURE
        said = "the worker has removed its copies: build again"
        assert any(said in words for words in self.summaries(damaged).values())
        self.presses -= 1  # that build deployed nothing
        again = await self.run_again()
        assert again["results"] == SUCCESS, self.summaries(again)
        assert again["properties"]["digest"] == first["properties"]["digest"]

    @async_to_deferred
    async def test_a_failing_test_of_the_component_stops_the_build(self) -> None:
        self.describe('test = [["sh", "run.sh"], ["sh", "-c", "exit 3"]]')
        result = await self.run_build()
        summaries = self.summaries(result)
        assert result["results"] == FAILURE
        assert "run.sh" in summaries["test"]
        assert result["steps"][-1]["name"] == "test_1", summaries

    @async_to_deferred
    async def test_only_the_output_of_the_build_commands_is_packed(self) -> None:
        make = "mkdir -p out && date -u -d @$SOURCE_DATE_EPOCH > out/made.html"
        self.describe(f"""build = [["sh", "-c", '{make}']]\noutput = "out" """)
        result = await self.run_build()
        assert result["results"] == SUCCESS, self.summaries(result)
        files = self.stored_files(result)
        assert sorted(name for name in files if not name.startswith(".slipway")) == ["made.html"]
        assert "2026" in files["made.html"]

    @async_to_deferred
    async def test_an_unreachable_repository_is_named(self) -> None:
        shutil.rmtree(self.theme.folder)
        result = await self.run_build()
        assert result["results"] == FAILURE
        assert f"{self.theme.address} cannot be reached" in self.summaries(result)["lay-overlays"]

    @async_to_deferred
    async def test_a_release_tag_that_upstream_moved_is_refused_with_both_commits(self) -> None:
        await self.run_build()
        first = self.upstream.git("rev-parse", "1.10^{commit}")
        self.upstream.commit({"index.php": PAGE.replace("three", "drei")})
        self.upstream.git("tag", "-f", "-a", "1.10", "-m", "again")
        commit = self.upstream.git("rev-parse", "1.10^{commit}")
        for result in (await self.run_again(), await self.run_again()):
            assert result["results"] == FAILURE
            words = f"the tag 1.10 was {first[:12]} and is {commit[:12]} now: upstream has moved it"
            assert words in self.summaries(result)["fetch-upstream"]

    @async_to_deferred
    async def test_a_series_without_a_release_is_named(self) -> None:
        self.describe(upstream='release = "7.*"')
        result = await self.run_build()
        expected = f"{self.upstream.address} has no releases 7.* (failure)"
        assert self.summaries(result)["fetch-upstream"] == expected

    @async_to_deferred
    async def test_a_branch_whose_name_ends_like_the_followed_one_is_not_it(self) -> None:
        followed = self.theme.git("rev-parse", "main")
        self.theme.git("checkout", "-q", "-b", "x/refs/heads/main")
        self.theme.commit({"style.css": "evil {}\n"})
        result = await self.run_build()
        assert result["properties"]["materials"][0][1]["commit"] == followed

    @async_to_deferred
    async def test_a_repository_cannot_configure_its_release(self) -> None:
        self.upstream.commit({".slipway/templates/theirs.j2": "{{ 7 * 7 }}"}, tag="1.11")
        files = self.stored_files(await self.run_build())
        ours = [".slipway/manifest.json", ".slipway/templates/config.php.j2"]
        assert sorted(name for name in files if name.startswith(".slipway")) == ours
