"""A trial of a series on newer upstream code: what applies, what upstream has, what conflicts."""

from pathlib import Path

import pytest

from steps.records import batched
from tests.repositories import Repository
from tests.steps.worker import Worker, archive

LINES = [f"line {number}\n" for number in range(1, 41)]
PAGE = "".join(LINES)


def edited(*changes: tuple[str, str]) -> str:
    text = PAGE
    for old, new in changes:
        text = text.replace(f"{old}\n", f"{new}\n")
    return text


@pytest.fixture
def upstream(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "upstream")
    repository.commit({"page.txt": PAGE, "other.txt": PAGE}, tag="1.0")
    return repository


@pytest.fixture
def patches(upstream: Repository) -> dict[str, bytes]:
    """Two changes of ours to one file, the second on top of the first."""
    upstream.git("checkout", "-q", "-b", "ours")
    upstream.commit({"page.txt": edited(("line 5", "five"))}, subject="Say five")
    upstream.commit(
        {"page.txt": edited(("line 5", "five"), ("line 20", "twenty"))}, subject="Say twenty"
    )
    folder = upstream.folder.parent / "patches"
    upstream.git("format-patch", "-q", "-o", str(folder), "1.0")
    upstream.git("checkout", "-q", "main")
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def try_patches(
    tmp_path: Path, upstream: Repository, patches: dict[str, bytes]
) -> list[tuple[str, str]]:
    """Verdict and detail of each patch on the upstream's main branch."""
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "1.0")
    worker.apply_tree(patches)
    worker.add_source(upstream, "main")
    packed = archive(patches)
    since = (upstream.address, "1.0", "refs/heads/main")
    worker.run("upstream_ids", "series", "", *since, "upstream-ids", stdin=packed)
    output = worker.records("series", "try", "series", "", "", "upstream-ids", stdin=packed)
    return [(verdict, detail) for _, verdict, detail in batched(output[3:], 3)]


MOVED: dict[str, tuple[list[str], list[tuple[str, str]]]] = {
    "nothing changed": ([], [("applies", ""), ("applies", "")]),
    "lines were added above": (
        ["new\n" + PAGE],
        [("moved", "1"), ("moved", "1")],
    ),
    "lines were added between": (
        [PAGE.replace("line 12\n", "line 12\nnew\nnewer\n")],
        [("applies", ""), ("moved", "2")],
    ),
    "the same change was made with more": (
        [edited(("line 5", "five"), ("line 38", "by upstream"))],
        [("upstream", ""), ("applies", "")],
    ),
    "another change was made there": (
        [edited(("line 5", "cinq"))],
        [("conflicts", "patch failed: page.txt:2"), ("applies", "")],
    ),
    "a line nearby was changed": (
        [edited(("line 3", "three"))],
        [("merges", "patch failed: page.txt:2"), ("applies", "")],
    ),
    "the file was removed": (
        [""],
        [("conflicts", "page.txt: does not exist in index")] * 2,
    ),
}


@pytest.mark.parametrize("case", MOVED)
def test_each_patch_has_a_verdict(
    tmp_path: Path, upstream: Repository, patches: dict[str, bytes], case: str
) -> None:
    texts, verdicts = MOVED[case]
    for text in texts:
        if text:
            upstream.commit({"page.txt": text})
        else:
            upstream.git("rm", "-q", "page.txt")
            upstream.git("commit", "-qm", "Remove")
    assert try_patches(tmp_path, upstream, patches) == verdicts


def test_the_first_commit_after_the_tag_is_recognised(
    tmp_path: Path, upstream: Repository, patches: dict[str, bytes]
) -> None:
    commit = upstream.commit({"page.txt": edited(("line 5", "five"))}, subject="Taken from us")
    upstream.commit({"page.txt": edited(("line 5", "5th"))})
    assert try_patches(tmp_path, upstream, patches)[0] == ("upstream", commit)


def try_patches_on(
    tmp_path: Path, upstream: Repository, patches: dict[str, bytes], ref: str
) -> list[tuple[str, str]]:
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, ref)
    packed = archive(patches)
    worker.run(
        "upstream_ids", "series", "", upstream.address, "1.0", ref, "upstream-ids", stdin=packed
    )
    output = worker.records("series", "try", "series", "", "", "upstream-ids", stdin=packed)
    return [(verdict, detail) for _, verdict, detail in batched(output[3:], 3)]


def test_the_history_without_files_is_kept_for_the_next_trial(
    tmp_path: Path, upstream: Repository, patches: dict[str, bytes]
) -> None:
    upstream.git("config", "uploadpack.allowFilter", "true")
    commit = upstream.commit({"page.txt": edited(("line 5", "five"))}, subject="Taken from us")
    upstream.commit({"page.txt": edited(("line 5", "5th"))})
    assert try_patches(tmp_path, upstream, patches)[0] == ("upstream", commit)
    worker = object.__new__(Worker)
    worker.folder = tmp_path / "worker"
    assert not worker.run("repository")


def test_a_commit_below_an_annotated_tag_is_recognised(
    tmp_path: Path, upstream: Repository, patches: dict[str, bytes]
) -> None:
    commit = upstream.commit({"page.txt": edited(("line 5", "five"))}, subject="Taken from us")
    upstream.commit({"page.txt": edited(("line 5", "5th"))}, tag="2.0")
    assert try_patches_on(tmp_path, upstream, patches, "refs/tags/2.0")[0] == ("upstream", commit)


def test_a_patch_that_upstream_took_and_reverted_still_applies(
    tmp_path: Path, upstream: Repository, patches: dict[str, bytes]
) -> None:
    upstream.commit({"page.txt": edited(("line 5", "five"))}, subject="Taken from us")
    upstream.git("revert", "--no-edit", "HEAD")
    assert try_patches_on(tmp_path, upstream, patches, "refs/heads/main")[0] == ("applies", "")


def test_a_rename_that_upstream_took_is_recognised(tmp_path: Path, upstream: Repository) -> None:
    def rename(text: str) -> str:
        upstream.git("mv", "other.txt", "moved.txt")
        return upstream.commit({"moved.txt": text}, subject="Move it")

    upstream.git("checkout", "-q", "-b", "renaming")
    rename(edited(("line 7", "seven")))
    patch = upstream.git("format-patch", "--stdout", "-1") + "\n"
    upstream.git("checkout", "-q", "main")
    commit = rename(edited(("line 7", "seven")))
    upstream.commit({"moved.txt": edited(("line 7", "7"))})
    verdicts = try_patches_on(tmp_path, upstream, {"0001.patch": patch.encode()}, "refs/heads/main")
    assert verdicts == [("upstream", commit)]


def test_the_whole_history_may_be_newer_than_the_tag(
    tmp_path: Path, upstream: Repository, patches: dict[str, bytes]
) -> None:
    upstream.commit({"page.txt": edited(("line 38", "by upstream"))})
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "main")
    packed = archive(patches)
    for _ in range(3):
        since = (upstream.address, "1.0", "refs/heads/main")
        worker.run("upstream_ids", "series", "", *since, "upstream-ids", stdin=packed)
        output = worker.records("series", "try", "series", "", "", "upstream-ids", stdin=packed)
        assert output.count("applies") == 2
        worker.add_source(upstream, "main")


def test_a_patch_of_a_long_lived_branch_is_recognised_by_its_id(
    tmp_path: Path, upstream: Repository, patches: dict[str, bytes]
) -> None:
    for number in range(5):
        upstream.commit({"other.txt": f"{number}\n"})
    commit = upstream.commit({"page.txt": edited(("line 5", "five"))}, subject="Taken from us")
    upstream.commit({"page.txt": edited(("line 5", "again"))})
    assert try_patches(tmp_path, upstream, patches)[0] == ("upstream", commit)
