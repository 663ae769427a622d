"""Applying the series: exact commands, and the report of a patch that does not apply."""

import tempfile
from base64 import b64encode
from pathlib import Path
from typing import Any

from buildbot.process.results import CANCELLED, FAILURE, SUCCESS
from buildbot.test.reactor import TestReactorMixin
from buildbot.test.steps import ExpectMasterShell, ExpectShell, TestBuildStepMixin
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from change_sources.git_process import GIT, SECONDS
from model.component import Component
from steps.git import environment, script_text
from steps.patches import ApplyPatches
from tests.steps.worker import archive

PATCH = b"--- a/a.php\n+++ b/a.php\n@@ -40 +40 @@\n-x\n+y\n"
MAIL = b"From: Ana <a@example.org>\nSubject: [PATCH] Say y\n\n" + PATCH
FORK = {"repository": "https://example.org/fork.git", "branch": "ours", "base": "6.1.0"}
UPSTREAM = {"repository": "https://example.org/x.git", "release": "6.1.*"}


def script(name: str, *arguments: str, stdin: bytes | None = None) -> ExpectShell:
    return ExpectShell(
        workdir="wkdir",
        command=["bash", "-c", script_text(name), name, *arguments],
        env=environment(SECONDS),
        log_environ=False,
        initial_stdin=stdin,
    )


def series(patches: bytes, forked: str = "") -> ExpectShell:
    return script("series", "apply", "series", "", forked, stdin=patches)


def record(*texts: str) -> str:
    """What a script prints for these fields."""
    return b64encode("".join(f"{text}\0" for text in texts).encode()).decode()


class ApplyPatchesTest(TestBuildStepMixin, TestReactorMixin, TestCase):
    def setUp(self) -> Any:
        self.setup_test_reactor()
        return self.setup_test_build_step()

    def set_up(self, *names: str, **upstream: object) -> None:
        folder = Path(tempfile.mkdtemp(dir="."))
        (folder / "patches").mkdir()
        for name in names:
            (folder / "patches" / name).write_bytes(MAIL)
        component = Component.model_validate(
            {"name": "blog", "title": "Blog", "runtime": "php", "host": "blog",
             "upstream": UPSTREAM | upstream, "patches": names}
        )  # fmt: skip
        self.setup_step(ApplyPatches(component, folder))
        self.build.setProperty("release", "6.1.9", "test")

    def test_every_patch_is_applied_in_order_and_described(self) -> Deferred[None]:
        self.set_up("0001-a.patch")
        self.expect_commands(
            series(archive({"0001-a.patch": MAIL}))
            .stdout(record("1234", "5678", "0", "abcd"))
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
            .stdout(record("aaaa", "bbbb", "0001-F.patch", "Bob <b@example.org>", "Say f"))
            .exit(0),
            series(archive({"0001-a.patch": MAIL}), "forked")
            .stdout(record("1", "2", "0", "f", "a"))
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
        files = {"0001-a.patch": MAIL, "0002-b.patch": MAIL}
        complaint = "error: patch failed: a.php:40\nerror: a.php: patch does not apply\n"
        self.expect_commands(
            series(archive(files)).stdout(record("2", complaint, PATCH.decode())).exit(1),
            script("show_lines", "a.php", "37", "43")
            .stdout(record("".join(f"{number}\n" for number in range(37, 44))))
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

    def test_a_cover_letter_is_left_out_and_named(self) -> Deferred[None]:
        self.set_up("0000-cover-letter.patch", "0001-a.patch")
        letter = Path(self.get_nth_step(0).folder) / "patches" / "0000-cover-letter.patch"
        letter.write_bytes(b"From: Ana <a@example.org>\nSubject: [PATCH 0/1] Say y\n\nDear all\n")
        self.expect_commands(
            series(archive({"0001-a.patch": MAIL})).stdout(record("1", "2", "0", "a")).exit(0),
        )
        words = "0000-cover-letter.patch changes nothing: left out"
        self.expect_outcome(SUCCESS, f"1 patch applied on 6.1.9; {words}")
        return self.run_step()

    def test_a_patch_that_vanished_since_the_master_read_it_is_named(self) -> Deferred[None]:
        self.set_up("0001-a.patch")
        (Path(self.get_nth_step(0).folder) / "patches" / "0001-a.patch").unlink()
        self.expect_outcome(
            FAILURE,
            "patches/0001-a.patch: No such file or directory; the folder has changed since the "
            "master read it (failure)",
        )
        return self.run_step()

    def test_an_answer_that_is_cut_off_is_no_answer(self) -> Deferred[None]:
        self.set_up("0001-a.patch")
        self.expect_commands(
            series(archive({"0001-a.patch": MAIL})).stdout(record("1", "2", "0")[:-4]).exit(0),
        )
        words = "the worker's answer is not whole: the last field is not complete"
        self.expect_outcome(FAILURE, f"{words} (failure)")
        return self.run_step()

    def test_a_repository_that_is_silent_for_too_long_is_named(self) -> Deferred[None]:
        self.set_up(fork=FORK)
        self.expect_commands(
            ExpectMasterShell(
                [
                    *(GIT, "ls-remote", FORK["repository"], "refs/heads/ours"),
                    *("refs/tags/6.1.0", "refs/tags/6.1.0^{}"),
                ]
            ).stdout(b"aaaa\trefs/heads/ours\nbbbb\trefs/tags/6.1.0\n"),
            script("fork", "series", FORK["repository"], "ours", "6.1.0", "fork/", "aaaa", "bbbb")
            .update("failure_reason", "timeout_without_output")
            .exit(-1),
        )
        words = f"{FORK['repository']} gave no sign of life for 1200 s"
        self.expect_outcome(FAILURE, f"{words} (failure) (timed out)")
        return self.run_step()

    def test_nothing_is_read_from_a_command_that_was_stopped(self) -> Deferred[None]:
        self.set_up("0001-a.patch")
        step = self.get_nth_step(0)
        self.expect_commands(
            series(archive({"0001-a.patch": MAIL}))
            .behavior(lambda _command: step.interrupt("stop"))
            .exit(-1),
        )
        self.expect_outcome(CANCELLED, "applying (cancelled)")
        return self.run_step()

    def test_without_patches_the_release_is_the_upstreams(self) -> Deferred[None]:
        self.set_up()
        self.expect_commands(
            series(archive({})).stdout(record("1234", "1234", "0")).exit(0),
        )
        self.expect_outcome(SUCCESS, "0 patches applied on 6.1.9")
        return self.run_step()
