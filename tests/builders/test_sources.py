"""Every kind of change on top of an upstream, built and recorded."""

from pathlib import Path
from unittest.mock import patch

from buildbot.process.results import FAILURE, SUCCESS
from buildbot.util.twisted import async_to_deferred

from steps.git import ENVIRONMENT
from tests.builders.one_component import OneComponent
from tests.repositories import Repository


def gitlink(repository: Repository, path: str, module: Repository, url: str) -> str:
    """Record the newest commit of a module at a path, with this address in `.gitmodules`."""
    commit = module.git("rev-parse", "HEAD")
    (repository.folder / path).mkdir(parents=True, exist_ok=True)
    repository.git("config", "-f", ".gitmodules", f"submodule.{path}.path", path)
    repository.git("config", "-f", ".gitmodules", f"submodule.{path}.url", url)
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{path}")
    repository.git("add", ".gitmodules")
    return commit


def without(files: dict[str, str], names: set[str]) -> dict[str, str]:
    """The other files; the named ones must exist."""
    return {name: files[name] for name in files.keys() - names} if names <= files.keys() else {}


class Sources(OneComponent):
    """An upstream with submodules, a fork of it, and overlays that are pinned or changed."""

    def setUp(self) -> None:
        super().setUp()
        self.module = Repository(self.folder / "extensions" / "module")
        self.inner = Repository(self.folder / "extensions" / "inner")
        self.inner.commit({"inner.php": "<?php\n\necho 'inner';\n"})
        self.inner_commit = gitlink(self.module, "inner", self.inner, "../inner")
        self.module.commit({"module.php": "<?php\n\necho 'module';\n"})

    def record_module(self, url: str, tag: str = "1.11") -> str:
        """Release an upstream that records the module under an address."""
        commit = gitlink(self.upstream, "extensions/module", self.module, url)
        self.upstream.git("commit", "-qm", "Record a module")
        self.upstream.git("tag", tag)
        return commit

    @async_to_deferred
    async def test_a_worker_that_is_shown_another_repository_builds_nothing_of_it(self) -> None:
        """Machines may fetch over `git://`, which anybody on the way can answer."""
        forged = self.forge(self.upstream)
        forged.commit({"index.php": "<?php system($_GET[0]);\n"}, tag="1.10")
        result = await self.run_build()
        assert result["results"] == FAILURE
        commit = self.upstream.git("rev-parse", "1.10^{commit}")
        words = f"{self.upstream.address} has no commit {commit}"
        assert words in self.summaries(result)["fetch-upstream"]

    @async_to_deferred
    async def test_a_worker_that_is_shown_another_fork_takes_nothing_of_it(self) -> None:
        theirs = Repository(self.folder / "fork")
        forged = self.forge(theirs)
        for repository, text in ((theirs, "p {}\n"), (forged, "evil {}\n")):
            repository.commit({"style.css": "body {}\n"}, tag="1.0")
            repository.git("checkout", "-q", "-b", "ours")
            repository.commit({"style.css": text})
        fork = f'fork = {{repository = "{theirs.address}", branch = "ours", base = "1.0"}}'
        self.describe(overlay=f'branch = "main"\n{fork}')
        result = await self.run_build()
        assert result["results"] == FAILURE
        words = f"{theirs.address}: branch ours has no commit {theirs.git('rev-parse', 'ours')}"
        assert words in self.summaries(result)["lay-overlays"]

    def forge(self, repository: Repository) -> Repository:
        """Another repository, which the worker gets at the address of this one."""
        forged = Repository(self.folder / "forged")
        worker = {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{forged.address}.insteadOf",
            "GIT_CONFIG_VALUE_0": repository.address,
        }
        patched = patch.dict(ENVIRONMENT, worker)
        patched.start()
        self.addCleanup(patched.stop)
        return forged

    @async_to_deferred
    async def test_the_commits_of_a_fork_are_a_series_before_the_patches(self) -> None:
        self.upstream.git("checkout", "-q", "-b", "ours", "1.9")
        self.upstream.commit({"new.php": "<?php\n\necho 'new';\n"}, subject="Add a page")
        self.upstream.commit({"new.php": "<?php\n\necho 'neu';\n"}, subject="Say neu")
        self.upstream.git("checkout", "-q", "main")
        fork = f'fork = {{repository = "{self.upstream.address}", branch = "ours", base = "1.9"}}'
        self.describe(upstream=f'release = "1.*"\n{fork}')
        result = await self.run_build()
        assert self.summaries(result)["apply-patches"] == "3 patches applied on 1.10"
        files = self.stored_files(result)
        assert "neu" in files["new.php"]
        assert "zwei" in files["index.php"]
        provenance = self.provenance(result)
        subjects = [patch.subject for patch in provenance.patches]
        assert subjects == ["Add a page", "Say neu", "Say zwei"]
        forked = provenance.materials[1]
        assert (forked.release, forked.into) == ("ours", "")
        assert forked.commit == self.upstream.git("rev-parse", "ours")
        assert forked.base == self.upstream.git("rev-parse", "1.9^{commit}")

    @async_to_deferred
    async def test_an_overlay_may_be_pinned_to_a_commit_and_carry_a_series(self) -> None:
        pinned = self.theme.git("rev-parse", "HEAD")
        patch = self.theme.patch({"style.css": "p {}\n"}, "Style paragraphs")
        self.theme.commit({"style.css": "newer {}\n"})
        self.series("themes/ours/0001-p.patch", patch)
        self.describe(overlay=f'commit = "{pinned[:10]}"')
        result = await self.run_build()
        assert self.summaries(result)["lay-overlays"] == f"themes/ours at {pinned[:8]} with 1 patch"
        assert self.stored_files(result)["themes/ours/style.css"] == "p {}\n"
        provenance = self.provenance(result)
        assert provenance.materials[-1].commit == pinned
        assert [patch.subject for patch in provenance.patches] == ["Say zwei", "Style paragraphs"]

    @async_to_deferred
    async def test_an_overlay_may_be_pinned_to_a_tag(self) -> None:
        self.theme.git("tag", "v1.0")
        self.theme.commit({"style.css": "newer {}\n"})
        self.describe(overlay='release = "v1.0"')
        assert self.stored_files(await self.run_build())["themes/ours/style.css"] == "body {}\n"

    @async_to_deferred
    async def test_a_patch_for_an_overlay_that_does_not_apply_is_named_with_its_path(self) -> None:
        patch = self.theme.patch({"style.css": "p {}\n"}, "Style paragraphs")
        self.theme.commit({"style.css": "newer {}\n"})
        self.series("themes/ours/0001-p.patch", patch)
        result = await self.run_build()
        assert result["results"] == FAILURE
        assert self.summaries(result)["lay-overlays"] == (
            "patch 1 of 1 does not apply: 0001-p.patch 'Style paragraphs': "
            "themes/ours/style.css, hunk 1 (line 1) (failure)"
        )
        assert result["steps"][-1]["name"] == "lay-overlays"

    @async_to_deferred
    async def test_submodules_of_every_depth_are_added_at_their_recorded_commits(
        self,
    ) -> None:
        commit = self.record_module("../extensions/module")
        self.module.commit({"module.php": "<?php\n\necho 'newer';\n"})
        result = await self.run_build()
        assert self.summaries(result)["fetch-submodules"] == "2 at their recorded commits"
        files = self.stored_files(result)
        assert "'module'" in files["extensions/module/module.php"]
        assert "'inner'" in files["extensions/module/inner/inner.php"]
        laid = {m.into: (m.repository, m.commit) for m in self.provenance(result).materials}
        assert laid["extensions/module"] == (self.module.address, commit)
        assert laid["extensions/module/inner"] == (self.inner.address, self.inner_commit)

    @async_to_deferred
    async def test_addresses_of_submodules_are_rewritten_as_declared(self) -> None:
        self.record_module("https://gerrit.example.org/r/p/extensions/module.git")
        rule = rf"""find = '^https://gerrit\.example\.org/r/p/(\w+)/(.*)\.git$'
            write = 'file://{self.folder}/\1/\2'"""
        self.describe(f"[[submodules.rewrite]]\n{rule}")
        files = self.stored_files(await self.run_build())
        assert "'module'" in files["extensions/module/module.php"]

    @async_to_deferred
    async def test_submodules_that_are_left_out_are_not_fetched(self) -> None:
        self.record_module("file:///nowhere")
        self.describe('[submodules]\nleave_out = ["extensions/module"]')
        result = await self.run_build()
        assert self.summaries(result)["fetch-submodules"] == "0 at their recorded commits"
        assert not [name for name in self.stored_files(result) if name.startswith("extensions")]

    @async_to_deferred
    async def test_an_overlay_replaces_a_submodule(self) -> None:
        gitlink(self.upstream, "themes/ours", self.module, "file:///nowhere")
        self.upstream.git("commit", "-qm", "Record a theme")
        self.upstream.git("tag", "1.11")
        assert "themes/ours/style.css" in self.stored_files(await self.run_build())

    @async_to_deferred
    async def test_an_overlay_may_be_inside_a_submodule(self) -> None:
        gitlink(self.upstream, "themes", self.module, self.module.address)
        self.upstream.git("commit", "-qm", "Record themes")
        self.upstream.git("tag", "1.11")
        files = self.stored_files(await self.run_build())
        assert {"themes/module.php", "themes/inner/inner.php", "themes/ours/style.css"} <= {*files}

    @async_to_deferred
    async def test_a_submodule_that_an_overlays_fork_adds_is_fetched(self) -> None:
        self.theme.git("checkout", "-q", "-b", "ours")
        gitlink(self.theme, "mod", self.inner, self.inner.address)
        self.theme.git("commit", "-qm", "Record a module")
        self.theme.git("checkout", "-q", "-f", "main")
        fork = f'fork = {{repository = "{self.theme.address}", branch = "ours", base = "main"}}'
        base = self.theme.git("rev-parse", "main")
        self.describe(overlay=f'branch = "main"\n{fork.replace("main", base)}')
        assert "themes/ours/mod/inner.php" in self.stored_files(await self.run_build())

    @async_to_deferred
    async def test_a_relative_address_in_a_fork_refers_to_the_upstream(self) -> None:
        self.record_module("../extensions/module")
        elsewhere = Repository(self.folder / "elsewhere" / "fork")
        elsewhere.git("fetch", "-q", "--tags", self.upstream.address, "main")
        elsewhere.git("reset", "-q", "--hard", "1.9")
        base = elsewhere.git("rev-parse", "HEAD")
        elsewhere.commit({"new.php": "<?php\n\necho 'new';\n"}, subject="Add a page")
        fork = f'fork = {{repository = "{elsewhere.address}", branch = "main", base = "{base}"}}'
        self.describe(upstream=f'release = "1.*"\n{fork}')
        result = await self.run_build()
        assert result["results"] == SUCCESS, self.summaries(result)
        assert {"new.php", "extensions/module/module.php"} <= self.stored_files(result).keys()

    @async_to_deferred
    async def test_a_submodule_on_the_workers_own_disk_is_refused(self) -> None:
        self.record_module("/etc")
        summaries = self.summaries(await self.run_build())["fetch-submodules"]
        assert "nothing is fetched from '/etc'" in summaries

    @async_to_deferred
    async def test_a_repository_in_the_build_output_is_refused(self) -> None:
        who = "-c user.name=x -c user.email=x@example.org"
        make = f"git init -q inner && git -C inner {who} commit -q --allow-empty -m x"
        self.describe(f"""build = [["sh", "-c", "{make}"]]""")
        result = await self.run_build()
        assert result["results"] == FAILURE
        assert "inner is a repository of its own" in self.summaries(result)["pack"]

    @async_to_deferred
    async def test_a_build_output_that_is_a_link_is_refused(self) -> None:
        self.describe("""build = [["ln", "-s", "../..", "out"]]\noutput = "out" """)
        result = await self.run_build()
        assert result["results"] == FAILURE
        assert "'out' is a link" in self.summaries(result)["collect-output"]

    @async_to_deferred
    async def test_a_series_for_an_overlay_is_not_applied_to_the_files_it_replaces(self) -> None:
        self.upstream.commit({"themes/ours/style.css": "theirs {}\n"}, tag="1.11")
        self.series("themes/ours/0001-p.patch", self.theme.patch({"style.css": "p {}\n"}, "P"))
        result = await self.run_build()
        assert self.stored_files(result)["themes/ours/style.css"] == "p {}\n"
        assert len(self.provenance(result).patches) == 2

    @async_to_deferred
    async def test_unusual_characters_in_tags_and_subjects_have_no_effect(self) -> None:
        self.upstream.git("tag", "nightly\u2028build")
        patch = self.upstream.patch({"new.txt": "new\n"}, "Say\u2028more\x0cand more")
        self.series("0002-more.patch", patch)
        result = await self.run_build()
        assert result["results"] == SUCCESS, self.summaries(result)
        assert len(self.provenance(result).patches) == 2

    @async_to_deferred
    async def test_a_submodule_that_cannot_be_fetched_is_named_with_address_and_commit(
        self,
    ) -> None:
        commit = self.record_module("file:///nowhere/module.git")
        result = await self.run_build()
        assert result["results"] == FAILURE
        summaries = self.summaries(result)["fetch-submodules"]
        assert summaries.startswith(
            f"submodule extensions/module: commit {commit} cannot be had: "
            "file:///nowhere/module.git cannot be reached: "
        )
        assert result["steps"][-1]["name"] == "fetch-submodules"

    @async_to_deferred
    async def test_a_submodule_without_an_address_is_named(self) -> None:
        self.record_module("../extensions/module", tag="1.11")
        self.upstream.git("rm", "-q", "--cached", ".gitmodules")
        self.upstream.git("commit", "-qm", "Forget addresses")
        self.upstream.git("tag", "1.12")
        summaries = self.summaries(await self.run_build())["fetch-submodules"]
        assert ".gitmodules gives no address for it" in summaries
        assert "submodule extensions/module at " in summaries

    @async_to_deferred
    async def test_a_series_for_a_submodule_may_change_its_own_submodules(self) -> None:
        self.record_module("../extensions/module")
        self.inner.commit({"inner.php": "<?php\n\necho 'newer';\n"})
        gitlink(self.module, "inner", self.inner, "../inner")
        self.module.git("commit", "-qm", "Take the newer one")
        self.series(
            "extensions/module/0001-newer.patch",
            self.module.git("format-patch", "--stdout", "-1") + "\n",
        )
        self.module.git("reset", "-q", "--hard", "HEAD^")
        files = self.stored_files(await self.run_build())
        assert "'newer'" in files["extensions/module/inner/inner.php"]

    @async_to_deferred
    async def test_a_folder_of_the_upstream_may_have_a_series(self) -> None:
        self.upstream.commit({"lib/a.php": "<?php\n\necho 'a';\n"}, tag="1.11")
        library = Repository(self.folder / "library")
        library.commit({"a.php": "<?php\n\necho 'a';\n"})
        patch = library.patch({"a.php": "<?php\n\necho 'b';\n"}, "Say b")
        self.series("lib/0001-b.patch", patch)
        result = await self.run_build()
        assert self.summaries(result)["apply-patches"] == "2 patches applied on 1.11"
        assert "'b'" in self.stored_files(result)["lib/a.php"]

    @async_to_deferred
    async def test_a_series_for_a_path_without_overlay_or_submodule_is_refused(self) -> None:
        self.series("extensions/lost/0001-x.patch", self.theme.patch({"a": "a\n"}, "Add a"))
        result = await self.run_build()
        assert result["results"] == FAILURE
        assert self.summaries(result)["lay-overlays"] == (
            "patches/extensions/lost: neither overlay nor submodule lies at extensions/lost "
            "(failure)"
        )

    @async_to_deferred
    async def test_changes_to_an_overlay_are_linted(self) -> None:
        evil = {"functions.php": "<?php\n\neval('x');\n"}
        self.series("themes/ours/0001-evil.patch", self.theme.patch(evil, "Evaluate"))
        result = await self.run_build()
        assert result["results"] == FAILURE
        summaries = self.summaries(result)["lint-changes"]
        assert summaries.startswith("1 new: themes/ours/functions.php: Use of eval()")

    @async_to_deferred
    async def test_a_patch_larger_than_a_message_is_applied(self) -> None:
        text = "".join(f"/* {number} */\n" for number in range(60_000))
        patch = self.upstream.patch({"theme.css": text}, "A large theme")
        assert len(patch) > 700_000
        self.series("0002-large.patch", patch)
        result = await self.run_build()
        assert result["results"] == SUCCESS, self.summaries(result)
        assert self.stored_files(result)["theme.css"] == text

    @async_to_deferred
    async def test_all_features_together_give_the_same_bytes_twice(self) -> None:
        self.record_module("../extensions/module")
        self.upstream.git("checkout", "-q", "-b", "ours", "1.9")
        self.upstream.commit({"new.php": "<?php\n\necho 'new';\n"}, subject="Add a page")
        self.upstream.git("checkout", "-q", "main")
        fork = f'fork = {{repository = "{self.upstream.address}", branch = "ours", base = "1.9"}}'
        self.describe(upstream=f'release = "1.*"\n{fork}')
        newer = {"module.php": "<?php\n\necho 'ours';\n"}
        self.series("extensions/module/0001-m.patch", self.module.patch(newer, "Ours"))
        self.series("themes/ours/0001-p.patch", self.theme.patch({"style.css": "p {}\n"}, "P"))
        first = await self.run_build()
        added = {".slipway/manifest.json", ".slipway/templates/config.php.j2"}
        assert without(self.stored_files(first), added) == self.by_hand()
        again = await self.run_again()
        assert again["properties"]["digest"] == first["properties"]["digest"]
        assert again["buildid"] != first["buildid"]

    def by_hand(self) -> dict[str, str]:
        """The same tree by `git am` on the base of each part, copied together."""
        release = self.upstream.git("describe", "--tags", "main")
        parts = {
            "": (self.upstream, release, "1.9..refs/theirs/ours"),
            "themes/ours": (self.theme, "refs/theirs/main", ""),
            "extensions/module": (self.module, "refs/theirs/main", ""),
            "extensions/module/inner": (self.inner, "refs/theirs/main", ""),
        }
        whole: dict[str, str] = {}
        for number, (path, (repository, revision, forked)) in enumerate(parts.items()):
            clone = Repository(self.folder / "by-hand" / str(number))
            clone.git("fetch", "-q", "--tags", repository.address, "+refs/heads/*:refs/theirs/*")
            clone.git("checkout", "-q", revision)
            if forked:
                clone.git("format-patch", "-q", "-o", f"{clone.folder}.series", forked)
            mailed = sorted(Path(f"{clone.folder}.series").glob("*"))
            ours = sorted((self.folder / "site/components/blog/patches" / path).glob("*.patch"))
            if series := [str(patch) for patch in (*mailed, *ours)]:
                clone.git("am", "-q", *series)
            for name in clone.git("ls-files").splitlines():
                if (clone.folder / name).is_file():
                    whole[f"{path}/{name}".lstrip("/")] = (clone.folder / name).read_text()
        return whole
