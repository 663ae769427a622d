"""Applying the series: exact commands, and the report of a patch that does not apply."""

import tempfile
from pathlib import Path
from typing import Any

from buildbot.process.results import FAILURE, SUCCESS
from buildbot.test.reactor import TestReactorMixin
from buildbot.test.steps import ExpectMasterShell, ExpectShell, TestBuildStepMixin
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from change_sources.git_process import GIT
from model.component import Component
from steps.git import ENVIRONMENT, FETCHING, SILENT_SECONDS, script_text
from steps.patches import ApplyPatches
from steps.tar import tar_archive

PATCH = b"--- a/a.php\n+++ b/a.php\n@@ -40 +40 @@\n-x\n+y\n"
FORK = {"repository": "https://example.org/fork.git", "branch": "ours", "base": "6.1.0"}
UPSTREAM = {"repository": "https://example.org/x.git", "release": "6.1.*"}


def script(name: str, *arguments: str, stdin: bytes | None = None) -> ExpectShell:
    return ExpectShell(
        workdir="wkdir",
        command=["bash", "-c", script_text(name), name, *arguments],
        env=ENVIRONMENT,
        log_environ=False,
        initial_stdin=stdin,
        timeout=SILENT_SECONDS if name in FETCHING else 1200,
    )


def series(patches: bytes, forked: str = "") -> ExpectShell:
    return script("series", "apply", "series", "", forked, stdin=patches)


class ApplyPatchesTest(TestBuildStepMixin, TestReactorMixin, TestCase):
    def setUp(self) -> Any:
        self.setup_test_reactor()
        return self.setup_test_build_step()

    def set_up(self, *names: str, **upstream: object) -> None:
        folder = Path(tempfile.mkdtemp(dir="."))
        (folder / "patches").mkdir()
        for name in names:
            (folder / "patches" / name).write_bytes(PATCH)
        component = Component.model_validate(
            {"name": "blog", "title": "Blog", "runtime": "php", "host": "blog",
             "upstream": UPSTREAM | upstream, "patches": names}
        )  # fmt: skip
        self.setup_step(ApplyPatches(component, folder))
        self.build.setProperty("release", "6.1.9", "test")

    def test_every_patch_is_applied_in_order_and_described(self) -> Deferred[None]:
        self.set_up("0001-a.patch")
        self.expect_commands(
            series(tar_archive({"0001-a.patch": PATCH}))
            .stdout("1234\n5678\n0\n0001-a.patch\tabcd\tAna <a@example.org>\tSay y\n")
            .exit(0),
        )
        self.expect_outcome(SUCCESS, "1 patch applied on 6.1.9")
        self.expect_property("series", [["", "1234", "5678"]])
        self.expect_property(
            "patches",
            [{"name": "0001-a.patch", "id": "abcd", "subject": "Say y",
              "author": "Ana <a@example.org>"}],
        )  # fmt: skip
        return self.run_step()

    def test_the_commits_of_a_fork_come_before_the_patches(self) -> Deferred[None]:
        self.set_up("0001-a.patch", fork=FORK)
        self.expect_commands(
            # The master lists the fork, and the worker must get exactly these commits.
            ExpectMasterShell(
                [
                    *(GIT, "ls-remote", FORK["repository"], "refs/heads/ours"),
                    *("refs/tags/6.1.0", "refs/tags/6.1.0^{}"),
                ]
            ).stdout(b"aaaa\trefs/heads/ours\ncccc\trefs/tags/6.1.0\nbbbb\trefs/tags/6.1.0^{}\n"),
            script("fork", "series", FORK["repository"], "ours", "6.1.0", "fork/", "aaaa", "bbbb")
            .stdout("aaaa\nbbbb\n")
            .exit(0),
            series(tar_archive({"0001-a.patch": PATCH}), "forked")
            .stdout("1\n2\n0\n0001-F.patch\tf\t\t\n0001-a.patch\ta\t\t\n")
            .exit(0),
        )
        self.expect_outcome(SUCCESS, "2 patches applied on 6.1.9")
        self.expect_property(
            "materials",
            [{"repository": FORK["repository"], "release": "ours", "commit": "aaaa", "into": "",
              "base": "bbbb"}],
        )  # fmt: skip
        return self.run_step()

    def test_the_first_patch_that_does_not_apply_stops_the_build_and_is_named(
        self,
    ) -> Deferred[None]:
        self.set_up("0001-a.patch", "0002-b.patch")
        files = {"0001-a.patch": PATCH, "0002-b.patch": PATCH}
        complaint = "error: patch failed: a.php:40\nerror: a.php: patch does not apply\n"
        self.expect_commands(
            series(tar_archive(files))
            .stdout(f"2\t2\t0002-b.patch\tSay y\n{PATCH.decode()}")
            .stderr(complaint)
            .exit(1),
            ExpectShell(
                workdir="wkdir",
                command=["git", "show", ":a.php"],
                env=ENVIRONMENT,
                log_environ=False,
            )
            .stdout("".join(f"{number}\n" for number in range(1, 60)))
            .exit(0),
        )
        words = "patch 2 of 2 does not apply: 0002-b.patch 'Say y': a.php, hunk 1 (line 40)"
        self.expect_outcome(FAILURE, f"{words} (failure)")
        met = "\n".join(f"{number:6} {number}" for number in range(37, 44))
        self.expect_log_file(
            "what did not apply",
            f"{words}\n\nThe patch expects:\n@@ -40 +40 @@\n-x\n+y\n"
            f"It met, in lines 37 to 43 of a.php:\n{met}\n",
        )
        return self.run_step()

    def test_without_patches_the_release_is_the_upstreams(self) -> Deferred[None]:
        self.set_up()
        self.expect_commands(
            series(tar_archive({})).stdout("1234\n1234\n0\n").exit(0),
        )
        self.expect_outcome(SUCCESS, "0 patches applied on 6.1.9")
        return self.run_step()
