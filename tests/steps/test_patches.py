"""Applying the series: exact commands, and the words of what does not apply."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from buildbot.process.results import FAILURE, SUCCESS
from buildbot.test.reactor import TestReactorMixin
from buildbot.test.steps import ExpectShell, TestBuildStepMixin
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from steps.git import ENVIRONMENT
from steps.patches import ApplyPatches, describe, hunks, patch_id, rejection

PATCH = b"""From 1 Mon Sep 17 00:00:00 2001
From: =?UTF-8?q?J=C3=B6rg?= <joerg@example.org>
Subject: [PATCH 1/2] Say =?UTF-8?q?gr=C3=BC=C3=9Fe?=

---
diff --git a/a.php b/a.php
--- a/a.php
+++ b/a.php
@@ -3 +3 @@
-x
+y
@@ -40 +40 @@ function f()
-x
+y
diff --git a/b.php b/b.php
--- a/b.php
+++ b/b.php
@@ -7 +7 @@
-x
+y
"""


def command(*words: str, stdin: bytes | None = None) -> ExpectShell:
    return ExpectShell(
        workdir="wkdir",
        command=list(words),
        env=ENVIRONMENT,
        log_environ=False,
        initial_stdin=stdin,
    )


def apply() -> ExpectShell:
    words = ("git", "apply", "--cached", "--whitespace=nowarn")
    return command(*words, stdin=PATCH)


class ApplyPatchesTest(TestBuildStepMixin, TestReactorMixin, TestCase):
    def setUp(self) -> Any:
        self.setup_test_reactor()
        return self.setup_test_build_step()

    def series(self, *names: str) -> None:
        folder = Path(tempfile.mkdtemp(dir="."))
        for name in names:
            (folder / name).write_bytes(PATCH)
        self.setup_step(ApplyPatches(folder, names))
        self.build.setProperty("release", "6.1.9", "test")

    def test_every_patch_is_applied_in_order_and_described(self) -> Deferred[None]:
        self.series("0001-a.patch")
        self.expect_commands(
            apply().exit(0),
            command("git", "write-tree").stdout("1234\n").exit(0),
        )
        self.expect_outcome(SUCCESS, "1 patch applied on 6.1.9")
        self.expect_property("patched-tree", "1234")
        return self.run_step()

    def test_the_first_patch_that_does_not_apply_stops_the_build_and_is_named(
        self,
    ) -> Deferred[None]:
        self.series("0001-a.patch", "0002-b.patch")
        complaint = "error: patch failed: a.php:40\nerror: a.php: patch does not apply\n"
        self.expect_commands(apply().stderr(complaint).exit(1))
        words = "0001-a.patch does not apply: a.php, hunk 2 (line 40) (failure)"
        self.expect_outcome(FAILURE, words)
        return self.run_step()

    def test_without_patches_the_release_is_as_its_makers_made_it(self) -> Deferred[None]:
        self.series()
        write = command("git", "write-tree")
        self.expect_commands(write.stdout("1234\n").exit(0))
        self.expect_outcome(SUCCESS, "0 patches applied on 6.1.9")
        return self.run_step()


def test_the_head_of_a_mailed_patch_is_read_as_mail() -> None:
    patch = describe("0001.patch", PATCH, "abc")
    assert (patch.subject, patch.author) == ("Say grüße", "Jörg <joerg@example.org>")


def test_hunks_are_counted_per_file() -> None:
    text = PATCH.decode()
    assert hunks(text, "a.php") == [3, 40]
    assert hunks(text, "b.php") == [7]
    assert hunks(text, "c.php") == []


REJECTIONS = [
    ("error: patch failed: b.php:7\nerror: b.php: patch does not apply", "b.php, hunk 1 (line 7)"),
    ("error: c.php: does not exist in index", "c.php: does not exist in index"),
    ("error: corrupt patch at line 9", "corrupt patch at line 9"),
    ("fatal: something else", "fatal: something else"),
]


@pytest.mark.parametrize(("complaint", "words"), REJECTIONS)
def test_a_rejection_says_where(complaint: str, words: str) -> None:
    assert rejection(complaint, PATCH) == words


def test_a_patch_keeps_its_id_when_its_lines_move(tmp_path: Path) -> None:
    (tmp_path / "a.patch").write_bytes(PATCH)
    (tmp_path / "b.patch").write_bytes(PATCH.replace(b"@@ -40 +40 @@", b"@@ -48 +48 @@"))
    (tmp_path / "c.patch").write_bytes(PATCH.replace(b"+y", b"+z"))
    first, moved, other = (patch_id(tmp_path / f"{name}.patch") for name in "abc")
    assert first == moved != other
    assert len(first) == 40
