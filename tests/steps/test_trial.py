"""A series tried on an upstream that moved on: what applies, what upstream has, what conflicts."""

from pathlib import Path

import pytest

from steps.tar import archive
from tests.repositories import Repository
from tests.steps.worker import Worker

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


def tried(tmp_path: Path, upstream: Repository, patches: dict[str, bytes]) -> list[tuple[str, str]]:
    """Verdict and detail of each patch on the upstream's main branch."""
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "1.0")
    worker.applied(patches)
    worker.add_source(upstream, "main")
    given = archive(patches)
    since = (upstream.address, "1.0", "refs/heads/main")
    worker.run("known", "series", "", *since, "known", stdin=given)
    lines = worker.run("series", "try", "series", "", "", "known", stdin=given).splitlines()
    return [(line.split("\t")[4], line.split("\t")[5]) for line in lines[3:]]


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
    assert tried(tmp_path, upstream, patches) == verdicts


def test_the_very_commit_after_the_tag_is_known_too(
    tmp_path: Path, upstream: Repository, patches: dict[str, bytes]
) -> None:
    taken = upstream.commit({"page.txt": edited(("line 5", "five"))}, subject="Taken from us")
    upstream.commit({"page.txt": edited(("line 5", "5th"))})
    assert tried(tmp_path, upstream, patches)[0] == ("upstream", taken)


def tried_on(
    tmp_path: Path, upstream: Repository, patches: dict[str, bytes], ref: str
) -> list[tuple[str, str]]:
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, ref)
    given = archive(patches)
    worker.run("known", "series", "", upstream.address, "1.0", ref, "known", stdin=given)
    printed = worker.run("series", "try", "series", "", "", "known", stdin=given).splitlines()
    return [(line.split("\t")[4], line.split("\t")[5]) for line in printed[3:]]


def test_what_an_annotated_tag_took_is_known(
    tmp_path: Path, upstream: Repository, patches: dict[str, bytes]
) -> None:
    taken = upstream.commit({"page.txt": edited(("line 5", "five"))}, subject="Taken from us")
    upstream.commit({"page.txt": edited(("line 5", "5th"))}, tag="2.0")
    assert tried_on(tmp_path, upstream, patches, "refs/tags/2.0")[0] == ("upstream", taken)


def test_what_upstream_took_and_took_back_still_applies(
    tmp_path: Path, upstream: Repository, patches: dict[str, bytes]
) -> None:
    upstream.commit({"page.txt": edited(("line 5", "five"))}, subject="Taken from us")
    upstream.git("revert", "--no-edit", "HEAD")
    assert tried_on(tmp_path, upstream, patches, "refs/heads/main")[0] == ("applies", "")


def test_a_rename_that_upstream_took_is_known(tmp_path: Path, upstream: Repository) -> None:
    def rename(text: str) -> str:
        upstream.git("mv", "other.txt", "moved.txt")
        return upstream.commit({"moved.txt": text}, subject="Move it")

    upstream.git("checkout", "-q", "-b", "renaming")
    rename(edited(("line 7", "seven")))
    patch = upstream.git("format-patch", "--stdout", "-1") + "\n"
    upstream.git("checkout", "-q", "main")
    taken = rename(edited(("line 7", "seven")))
    upstream.commit({"moved.txt": edited(("line 7", "7"))})
    found = tried_on(tmp_path, upstream, {"0001.patch": patch.encode()}, "refs/heads/main")
    assert found == [("upstream", taken)]


def test_the_whole_history_may_be_newer_than_the_tag(
    tmp_path: Path, upstream: Repository, patches: dict[str, bytes]
) -> None:
    upstream.commit({"page.txt": edited(("line 38", "by upstream"))})
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "main")
    given = archive(patches)
    for _ in range(3):
        since = (upstream.address, "1.0", "refs/heads/main")
        worker.run("known", "series", "", *since, "known", stdin=given)
        printed = worker.run("series", "try", "series", "", "", "known", stdin=given)
        assert printed.count("\tapplies\t") == 2
        worker.add_source(upstream, "main")


def test_a_patch_of_a_long_lived_branch_is_known_by_its_id(
    tmp_path: Path, upstream: Repository, patches: dict[str, bytes]
) -> None:
    for number in range(5):
        upstream.commit({"other.txt": f"{number}\n"})
    taken = upstream.commit({"page.txt": edited(("line 5", "five"))}, subject="Taken from us")
    upstream.commit({"page.txt": edited(("line 5", "again"))})
    assert tried(tmp_path, upstream, patches)[0] == ("upstream", taken)
