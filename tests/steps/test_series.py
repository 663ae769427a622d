"""A series gives the same tree as `git am` on its base, for all kinds of patches."""

import os
import quopri
import re
import subprocess
from collections.abc import Callable
from contextlib import suppress
from hashlib import shake_256
from pathlib import Path

import pytest

from steps.patch_file import title
from steps.records import fields
from steps.rejection import Rejection
from tests.repositories import PERSON, Repository
from tests.steps.worker import Worker, fork_arguments, series_of

LINES = [f"line {number}\n" for number in range(1, 41)]
PAGE = "".join(LINES)


@pytest.fixture
def upstream(tmp_path: Path) -> Repository:
    """A base with text, CRLF text, a binary file, a submodule, and files to be renamed."""
    repository = Repository(tmp_path / "upstream")
    write(repository, "dos.txt", PAGE.replace("\n", "\r\n").encode())
    write(repository, "picture.bin", bytes(range(256)) * 8)
    write(repository, "ünïcode name.txt", PAGE.encode())
    write(repository, "nonewline.txt", b"one\ntwo")
    gitlink(repository, "module", "1" * 40)
    repository.commit({"page.txt": PAGE, "old/name.txt": f"Name\n{PAGE}"}, tag="1.0")
    return repository


def write(repository: Repository, name: str, content: bytes) -> None:
    path = repository.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def gitlink(repository: Repository, path: str, commit: str) -> None:
    """Record a submodule's commit, as `git submodule` does."""
    (repository.folder / path).mkdir(parents=True, exist_ok=True)
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{path}")


def changed(old: str, new: str) -> Callable[[Repository], None]:
    """A change of one line of the page."""

    def change(repository: Repository) -> None:
        path = repository.folder / "page.txt"
        path.write_text(path.read_text().replace(f"{old}\n", f"{new}\n"))

    return change


def crlf(repository: Repository) -> None:
    path = repository.folder / "dos.txt"
    path.write_bytes(path.read_bytes().replace(b"line 7\r\n", b"line seven\r\n"))


def crlf_introduced(repository: Repository) -> None:
    path = repository.folder / "page.txt"
    path.write_bytes(path.read_bytes().replace(b"line 7\n", b"line 7\r\n"))


def binary(repository: Repository) -> None:
    write(repository, "picture.bin", bytes(reversed(range(256))) * 9)


def binary_added(repository: Repository) -> None:
    write(repository, "new/added.bin", shake_256(b"added").digest(5000))


def renamed(repository: Repository) -> None:
    (repository.folder / "new").mkdir(exist_ok=True)
    repository.git("mv", "old/name.txt", "new/name.txt")
    path = repository.folder / "new" / "name.txt"
    path.write_text(path.read_text().replace("line 20\n", "line twenty\n"))


def swapped(repository: Repository) -> None:
    repository.git("mv", "page.txt", "aside")
    repository.git("mv", "old/name.txt", "page.txt")
    repository.git("mv", "aside", "old/name.txt")


def removed(repository: Repository) -> None:
    repository.git("rm", "-q", "page.txt")


def executable(repository: Repository) -> None:
    (repository.folder / "page.txt").chmod(0o755)


def linked(repository: Repository) -> None:
    (repository.folder / "link").symlink_to("page.txt")


def file_to_link(repository: Repository) -> None:
    (repository.folder / "page.txt").unlink()
    (repository.folder / "page.txt").symlink_to("old/name.txt")


def unusual_name(repository: Repository) -> None:
    write(repository, "ünïcode name.txt", PAGE.replace("line 3", "Zeile 3").encode())


def newline_at_the_end(repository: Repository) -> None:
    write(repository, "nonewline.txt", b"one\ntwo\n")


def trailing_whitespace(repository: Repository) -> None:
    changed("line 9", "line 9   \t ")(repository)


def submodule_moved(repository: Repository) -> None:
    gitlink(repository, "module", "2" * 40)


def submodule_added(repository: Repository) -> None:
    text = '[submodule "x"]\n\tpath = x\n\turl = https://example.org/x.git\n'
    write(repository, ".gitmodules", text.encode())
    gitlink(repository, "x", "3" * 40)


def submodule_removed(repository: Repository) -> None:
    repository.git("update-index", "--force-remove", "module")


def large(repository: Repository) -> None:
    write(
        repository, "theme.css", "".join(f"a{n} {{ color: red }}\n" for n in range(13_000)).encode()
    )


def empty_file(repository: Repository) -> None:
    write(repository, "empty", b"")


CASES: dict[str, list[Callable[[Repository], None]]] = {
    "a line changed twice": [changed("line 5", "line five"), changed("line five", "5")],
    "two places of one file": [changed("line 2", "two"), changed("line 39", "thirty-nine")],
    "a file with CRLF": [crlf],
    "CRLF brought into a file": [crlf_introduced],
    "a binary file changed": [binary],
    "a binary file added": [binary_added],
    "a rename with a change": [renamed],
    "two files that change names": [swapped],
    "a file removed": [changed("line 5", "line five"), removed],
    "a mode": [executable],
    "a link": [linked],
    "a file that becomes a link": [file_to_link],
    "a name beyond ASCII": [unusual_name],
    "a newline at the end": [newline_at_the_end],
    "whitespace at the end of a line": [trailing_whitespace],
    "a submodule's pointer": [submodule_moved],
    "a submodule added": [submodule_added],
    "a submodule removed": [submodule_removed],
    "280 kB": [large],
    "an empty file": [empty_file],
    "all of it": [
        changed("line 5", "line five"), crlf, binary, renamed, executable, linked, unusual_name,
        trailing_whitespace, submodule_moved, submodule_added, large,
    ],
}  # fmt: skip


def series(
    upstream: Repository, changes: list[Callable[[Repository], None]], subject: str = "Change"
) -> dict[str, bytes]:
    """The mailed patches of changes that are committed on a branch of their own."""
    upstream.git("checkout", "-q", "-B", "ours", "1.0")
    for number, change in enumerate(changes, 1):
        change(upstream)
        upstream.git("add", "--all", "--", ":!module", ":!x")
        upstream.git("commit", "-q", "-m", f"{subject} {number}\n\nA body.\n---\nnot a diff")
    patches = upstream.folder.parent / "patches"
    upstream.git("format-patch", "-q", "--binary", "-o", str(patches), "1.0")
    return {path.name: path.read_bytes() for path in sorted(patches.iterdir())}


def git_am_tree(upstream: Repository, patches: dict[str, bytes], base: str = "1.0") -> str:
    """The tree that `git am` makes of a series, on a clone that has its base."""
    clone = upstream.folder.parent / "truth"
    subprocess.run(
        ["git", "clone", "-q", "--branch", base, upstream.address, str(clone)],
        check=True,
        capture_output=True,
    )
    for name, text in patches.items():
        (clone.parent / name).write_bytes(text)
        subprocess.run(
            ["git", "-C", str(clone), "am", "-q", "--keep-cr", str(clone.parent / name)],
            check=True,
            capture_output=True,
            env=os.environ | PERSON,
        )
    command = ["git", "-C", str(clone), "rev-parse", "HEAD^{tree}"]
    return subprocess.check_output(command, text=True).strip()


@pytest.mark.parametrize("case", CASES)
def test_a_series_gives_the_tree_of_git_am(tmp_path: Path, upstream: Repository, case: str) -> None:
    patches = series(upstream, CASES[case])
    assert len(patches) == len(CASES[case])
    expected = git_am_tree(upstream, patches)
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "1.0")
    assert worker.apply_tree(patches) == expected == upstream.git("rev-parse", "ours^{tree}")


@pytest.mark.parametrize("case", CASES)
def test_a_fork_gives_the_tree_of_its_branch(
    tmp_path: Path, upstream: Repository, case: str
) -> None:
    series(upstream, CASES[case])
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "1.0")
    assert worker.fork_tree(upstream) == upstream.git("rev-parse", "ours^{tree}")


@pytest.mark.parametrize("case", CASES)
def test_a_series_for_a_path_of_the_tree_gives_the_same_there(
    tmp_path: Path, upstream: Repository, case: str
) -> None:
    patches = series(upstream, CASES[case])
    around = Repository(tmp_path / "around")
    around.commit({"index.php": "<?php\n"})
    worker = Worker(tmp_path / "worker")
    worker.add_source(around)
    worker.add_source(upstream, "1.0", "themes/ours")
    after = worker.apply_tree(patches, "themes/ours")
    inner = worker.git("rev-parse", f"{after}:themes/ours").strip()
    assert inner == upstream.git("rev-parse", "ours^{tree}")


REPEATABLE: list[Callable[[Repository], None]] = [
    *(changed(f"line {n}", f"line {n} once more") for n in (2, 20, 39)),
    *(changed("line 20 once more", f"another {n}") for n in range(3)),
    crlf, crlf_introduced, binary, binary_added, renamed, swapped, removed, executable, linked,
    file_to_link, unusual_name, newline_at_the_end, submodule_moved, submodule_removed, empty_file,
]  # fmt: skip


@pytest.mark.parametrize("seed", range(10))
def test_any_order_of_changes_gives_the_tree_of_its_branch(
    tmp_path: Path, upstream: Repository, seed: int
) -> None:
    upstream.git("checkout", "-q", "-B", "ours", "1.0")
    order = [shake_256(b"%d %d" % (seed, number)).digest(1)[0] for number in range(12)]
    for choice in order:
        with suppress(OSError, subprocess.CalledProcessError):
            REPEATABLE[choice % len(REPEATABLE)](upstream)
            upstream.git("add", "--all", "--", ":!module")
        upstream.git("commit", "-q", "--allow-empty", "-m", "Change")
    patches = upstream.folder.parent / "patches"
    upstream.git("format-patch", "-q", "--binary", "-o", str(patches), "1.0")
    files = {path.name: path.read_bytes() for path in sorted(patches.iterdir())}
    holding = {name: text for name, text in files.items() if b"\ndiff --git" in text}
    assert len(holding) > 2
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "1.0")
    assert worker.apply_tree(holding) == upstream.git("rev-parse", "ours^{tree}")
    worker.add_source(upstream, "1.0")
    assert worker.fork_tree(upstream) == upstream.git("rev-parse", "ours^{tree}")


def test_lines_that_moved_since_the_base_are_found_again(
    tmp_path: Path, upstream: Repository
) -> None:
    patches = series(upstream, [changed("line 20", "line twenty")])
    upstream.git("checkout", "-q", "main")
    upstream.commit({"page.txt": f"new\nnewer\n{PAGE}"}, tag="1.1")
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "1.1")
    assert worker.apply_tree(patches) == git_am_tree(upstream, patches, "1.1")


def test_author_and_subject_of_a_mail_are_read_as_git_reads_them(
    tmp_path: Path, upstream: Repository
) -> None:
    old = {"GIT_AUTHOR_NAME": "Jörg Müller", "GIT_AUTHOR_DATE": "1999-01-01T00:00:00Z"}
    with pytest.MonkeyPatch.context() as person:
        for name, value in old.items():
            person.setitem(PERSON, name, value)
        patches = series(
            upstream, [changed("line 5", "5")], "Say “grüße” to everybody who reads 読む"
        )
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "1.0")
    *_, patch_id = fields(worker.apply(patches).stdout)
    assert len(patch_id) == 40
    (patch,) = series_of(patches).patches
    assert patch.name in patches
    assert patch.author == "Jörg Müller <ana@example.org>"
    assert title(patch.subject) == "Say “grüße” to everybody who reads 読む 1"


def test_an_encoded_mail_is_decoded_as_git_am_does(tmp_path: Path, upstream: Repository) -> None:
    ((name, text),) = series(upstream, [changed("line 5", "a = “é”")]).items()
    head, _, body = text.partition(b"\n\n")
    head = head.replace(b"Content-Transfer-Encoding: 8bit", b"")
    encoded = quopri.encodestring(body)
    kind = b"\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: quoted-printable"
    mail = {name: re.sub(rb"\n(MIME-Version|Content-)[^\n]*", b"", head) + kind + b"\n\n" + encoded}
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "1.0")
    assert (
        worker.apply_tree(mail)
        == git_am_tree(upstream, mail)
        == upstream.git("rev-parse", "ours^{tree}")
    )


def test_the_author_in_the_body_is_the_author(upstream: Repository) -> None:
    ((name, text),) = series(upstream, [changed("line 5", "5")]).items()
    head, _, body = text.partition(b"\n\n")
    forwarded = {name: head + b"\n\nFrom: Old Author <old@example.org>\n\n" + body}
    (patch,) = series_of(forwarded).patches
    assert patch.author == "Old Author <old@example.org>"


PLAIN = b"""Index: page.txt
--- i/page.txt\t2014-10-01
+++ w/page.txt\t2014-10-02
@@ -4,3 +4,3 @@
 line 4
-line 5
+line five
 line 6
"""


def test_a_patch_that_was_never_mailed_is_named_by_its_file(
    tmp_path: Path, upstream: Repository
) -> None:
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "1.0")
    worker.apply_tree({"local.patch": PLAIN})
    (patch,) = series_of({"local.patch": PLAIN}).patches
    assert (patch.name, patch.author, patch.subject) == ("local.patch", "", "")
    assert "line five" in worker.git("show", ":page.txt")


def test_a_patch_whose_own_lines_all_end_in_crlf_is_applied(
    tmp_path: Path, upstream: Repository
) -> None:
    """As an editor of Windows saves it; `git diff --no-index` and others write `i/` and `w/`."""
    upstream.git("checkout", "-q", "-b", "ours", "1.0")
    crlf(upstream)
    upstream.git("commit", "-q", "-am", "Seven")
    command = ["git", "-C", str(upstream.folder), "diff", "--src-prefix=i/", "--dst-prefix=w/"]
    text = subprocess.check_output([*command, "1.0", "ours"])
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "1.0")
    saved = text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert worker.apply_tree({"local.patch": saved}) == upstream.git("rev-parse", "ours^{tree}")


@pytest.mark.parametrize("subject", ["Ünïcode — ✓", "日本語"])
def test_subjects_and_old_authors_change_nothing_about_the_tree(
    tmp_path: Path, upstream: Repository, subject: str
) -> None:
    patches = series(upstream, [changed("line 5", "line five"), crlf], subject)
    old = {
        name: re.sub(rb"(?m)^Date: .*$", b"Date: Mon, 7 Apr 2008 10:00:00 +0200", text)
        for name, text in patches.items()
    }
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "1.0")
    assert worker.apply_tree(old) == git_am_tree(upstream, old)


def test_a_hunk_is_counted_in_its_own_file_when_names_end_alike(
    tmp_path: Path, upstream: Repository
) -> None:
    """Two files whose names end alike, changed by one patch."""
    upstream.commit({"index.txt": PAGE, "lib/index.txt": PAGE}, tag="2.0")
    both = PAGE.replace("line 5\n", "five\n").replace("line 25\n", "twenty-five\n")
    patch = upstream.patch({"index.txt": both, "lib/index.txt": both}, "Both")
    upstream.commit({"lib/index.txt": PAGE.replace("line 25\n", "25\n")}, tag="2.1")
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "2.1")
    rejected = rejection(worker, {"0001-both.patch": patch.encode()})
    assert rejected.location == "lib/index.txt, hunk 2 (line 22)"


def rejection(worker: Worker, patches: dict[str, bytes], into: str = "") -> Rejection:
    before = worker.git("write-tree", "--missing-ok")
    result = worker.apply(patches, into)
    assert result.returncode == 1
    assert len(patches) > 1 or worker.git("write-tree", "--missing-ok") == before
    return rejection_of(patches, fields(result.stdout), into)


def rejection_of(patches: dict[str, bytes], answer: list[str], into: str = "") -> Rejection:
    """As a step has it from what `series.bash` prints."""
    number, errors, text = answer
    changes = series_of(patches).patches
    patch = changes[int(number) - 1]
    subject = title(patch.subject)
    return Rejection(int(number), len(changes), patch.name, subject, errors, text, into)


def comparison(worker: Worker, rejected: Rejection) -> str:
    """What the log says of a rejection."""
    first, last = rejected.lines_shown
    (content,) = worker.records("show_lines", rejected.file, str(first), str(last))
    return rejected.comparison(content)


def test_the_first_patch_that_does_not_apply_is_named_with_number_subject_file_and_hunk(
    tmp_path: Path, upstream: Repository
) -> None:
    changes = [changed("line 5", "5"), changed("line 15", "15"), changed("line 30", "30")]
    patches = series(upstream, changes)
    upstream.git("checkout", "-q", "main")
    upstream.commit({"page.txt": PAGE.replace("line 15\n", "line fifteen\n")}, tag="1.1")
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "1.1")
    rejected = rejection(worker, patches)
    assert str(rejected) == (
        "patch 2 of 3 does not apply: 0002-Change-2.patch 'Change 2': page.txt, hunk 1 (line 12)"
    )
    shown = comparison(worker, rejected)
    assert "-line 15\n+15\n line 16" in shown
    assert "    15 line fifteen\n" in shown
    assert "2.39" not in shown


def test_a_hunk_is_counted_in_its_own_file_at_any_path(
    tmp_path: Path, upstream: Repository
) -> None:
    def both(repository: Repository) -> None:
        changed("line 5", "5")(repository)
        changed("line 30", "30")(repository)
        write(repository, "old/name.txt", PAGE.replace("line 5\n", "5\n").encode())

    patches = series(upstream, [both])
    upstream.git("checkout", "-q", "main")
    upstream.commit({"page.txt": PAGE.replace("line 30\n", "thirty\n")}, tag="1.1")
    worker = Worker(tmp_path / "worker")
    around = Repository(tmp_path / "around")
    around.commit({"page.txt": "other\n"})
    worker.add_source(around)
    worker.add_source(upstream, "1.1", "a/b")
    assert rejection(worker, patches, "a/b").location == "a/b/page.txt, hunk 2 (line 27)"


def as_git_writes(upstream: Repository, *options: str) -> bytes:
    command = ["git", "-C", str(upstream.folder), *options]
    return subprocess.check_output([*command, "1.0", "ours"])


PRODUCERS: dict[str, Callable[[Repository], bytes]] = {
    "git with prefixes of its own": lambda upstream: as_git_writes(
        upstream, "diff", "--src-prefix=i/", "--dst-prefix=w/"
    ),
    "git without quotes": lambda upstream: as_git_writes(
        upstream, "-c", "core.quotePath=false", "diff"
    ),
    "a mail that quotes a diff": lambda upstream: (
        b"Subject: Both\n\n+++ b/c\nnew file mode 100644\n\\ No newline at end of file\n---\n"
        + as_git_writes(upstream, "diff")
    ),
}


@pytest.mark.parametrize("producer", PRODUCERS)
def test_the_hunk_is_found_in_patches_of_different_programs(
    tmp_path: Path, upstream: Repository, producer: str
) -> None:
    name = "ünïcode name.txt"
    upstream.git("checkout", "-q", "-B", "ours", "1.0")
    both = PAGE.replace("line 5\n", "5\n").replace("line 25\n", "25\n")
    upstream.commit({name: both, "page.txt": both})
    text = PRODUCERS[producer](upstream)
    upstream.git("checkout", "-q", "main")
    upstream.commit({name: PAGE.replace("line 25\n", "twenty-five\n")}, tag="1.1")
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "1.1")
    rejected = rejection(worker, {"0001-both.patch": text})
    assert rejected.location == f"{name}, hunk 2 (line 22)"
    assert "-line 25" in comparison(worker, rejected)


def test_the_hunk_is_found_in_a_patch_whose_own_lines_all_end_in_crlf(
    tmp_path: Path, upstream: Repository
) -> None:
    dos = PAGE.replace("\n", "\r\n").encode()
    upstream.git("checkout", "-q", "-B", "ours", "1.0")
    write(upstream, "dos.txt", dos.replace(b"line 5\r", b"5\r").replace(b"line 25\r", b"25\r"))
    upstream.commit({})
    text = as_git_writes(upstream, "diff")
    upstream.git("checkout", "-q", "main")
    write(upstream, "dos.txt", dos.replace(b"line 25\r", b"twenty-five\r"))
    upstream.commit({}, tag="1.1")
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "1.1")
    saved = text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert rejection(worker, {"local.patch": saved}).location == "dos.txt, hunk 2 (line 22)"


def test_the_hunk_of_a_patch_from_svn_is_counted_in_its_own_file(
    tmp_path: Path, upstream: Repository
) -> None:
    """Its names have no prefix. A removed line may look like the header of a file."""
    change = (
        "@@ -4,3 +4,3 @@\n line 4\n--- line 5\n+line five\n line 6\n"
        "@@ -8,3 +8,3 @@\n line 8\n-nine\n+9\n line 10\n"
    )
    rule = "=" * 67
    text = "".join(
        f"Index: {name}\n{rule}\n--- {name}\t(revision 12)\n+++ {name}\t(working copy)\n{change}"
        for name in ("page.txt", "old/page.txt")
    )
    page = PAGE.replace("line 5\n", "-- line 5\n").replace("line 9\n", "nine\n")
    upstream.commit({"page.txt": page, "old/page.txt": page.replace("nine", "neun")}, tag="2.0")
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "2.0")
    rejected = rejection(worker, {"local.patch": text.encode()})
    assert rejected.location == "old/page.txt, hunk 2 (line 8)"


def test_a_file_that_is_not_there_is_reported_before_a_later_hunk_of_another(
    tmp_path: Path, upstream: Repository
) -> None:
    upstream.commit({"first.txt": PAGE}, tag="1.1")
    both = PAGE.replace("line 5\n", "5\n")
    patch = upstream.patch({"first.txt": both, "page.txt": both}, "Both")
    worker = Worker(tmp_path / "worker")
    upstream.git("checkout", "-q", "-b", "other", "1.0")
    upstream.commit({"page.txt": PAGE.replace("line 5\n", "five\n")}, tag="1.2")
    worker.add_source(upstream, "1.2")
    rejected = rejection(worker, {"0001-both.patch": patch.encode()})
    assert rejected.location == "first.txt: does not exist in index"


def test_lines_are_counted_in_a_file_with_lines_of_any_length_and_encoding(
    tmp_path: Path, upstream: Repository
) -> None:
    """A worker breaks the lines that a command prints at 4,096 characters."""
    long = "x" * 10_000
    lines = [f"{long}\r\n".encode(), "Größe\n".encode("latin-1"), *(b"%d\n" % n for n in range(40))]
    write(upstream, "page.txt", b"".join(lines))
    upstream.commit({}, tag="2.0")
    write(upstream, "page.txt", b"".join(lines).replace(b"\n20\n", b"\ntwenty\n"))
    upstream.commit({})
    text = subprocess.check_output(
        ["git", "-C", str(upstream.folder), "format-patch", "--stdout", "-1"]
    )
    write(upstream, "page.txt", b"".join(lines).replace(b"\n20\n", b"\nXX\n"))
    upstream.commit({}, tag="2.1")
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "2.1")
    rejected = rejection(worker, {"0001-x.patch": text})
    assert rejected.location == "page.txt, hunk 1 (line 20)"
    assert "    23 XX\n" in comparison(worker, rejected)


def test_a_rejection_that_unidiff_cannot_read_is_reported_without_its_hunk() -> None:
    stderr = "error: patch failed: page.txt:4\nerror: page.txt: patch does not apply\n"
    rejected = Rejection(1, 1, "local.patch", "", stderr, PLAIN[:-20].decode())
    assert rejected.location == "page.txt, hunk ? (line 4)"
    assert rejected.comparison(PAGE) == stderr


UNUSABLE = {
    "not a patch": (b"Dear all,\n", "No valid patches in input"),
    "cut in the middle": (PLAIN[:-20], "corrupt patch at"),
    "a file that is not there": (PLAIN.replace(b"page.txt", b"pgae.txt"), "pgae.txt: "),
    "a binary without its bytes": (
        b"diff --git a/picture.bin b/picture.bin\nindex 1234567..89abcde 100644\n"
        b"Binary files a/picture.bin and b/picture.bin differ\n",
        "cannot apply binary patch",
    ),
    "a path out of the tree": (
        PLAIN.replace(b"page.txt", b"../page.txt"),
        "../page.txt: does not exist",
    ),
    "a path into git's own": (
        b"diff --git a/.git/hooks/x b/.git/hooks/x\nnew file mode 100755\n"
        b"--- /dev/null\n+++ b/.git/hooks/x\n@@ -0,0 +1 @@\n+evil\n",
        "invalid path",
    ),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_an_invalid_patch_is_refused_with_gits_error(
    tmp_path: Path, upstream: Repository, case: str
) -> None:
    text, words = UNUSABLE[case]
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "1.0")
    assert words in rejection(worker, {"0001-x.patch": text}).location


def test_only_the_index_changes(tmp_path: Path, upstream: Repository) -> None:
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "1.0")
    worker.apply_tree(series(upstream, CASES["all of it"]))
    assert {path.name for path in worker.folder.iterdir()} == {
        "repository.git", "index", "series", "errors",
    }  # fmt: skip


def test_a_merge_in_a_fork_is_left_out(tmp_path: Path, upstream: Repository) -> None:
    series(upstream, [changed("line 5", "5")])
    upstream.git("checkout", "-q", "-b", "side", "1.0")
    changed("line 30", "30")(upstream)
    upstream.git("commit", "-qam", "Side")
    upstream.git("checkout", "-q", "ours")
    upstream.git("merge", "-q", "-m", "Merge side", "side")
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "1.0")
    assert worker.fork_tree(upstream) == upstream.git("rev-parse", "ours^{tree}")


def evil_merge(upstream: Repository) -> None:
    upstream.git("checkout", "-q", "-b", "side", "1.0")
    changed("line 5", "fünf")(upstream)
    upstream.git("commit", "-qam", "Side")
    upstream.git("checkout", "-q", "ours")
    with pytest.raises(subprocess.CalledProcessError):
        upstream.git("merge", "-q", "side")
    upstream.commit({"page.txt": PAGE.replace("line 5\n", "cinq\n")}, subject="Merge side")


def disowning_merge(upstream: Repository) -> None:
    upstream.git("checkout", "-q", "-b", "side", "1.0")
    changed("line 30", "dreißig")(upstream)
    upstream.git("commit", "-qam", "Side")
    upstream.git("checkout", "-q", "ours")
    upstream.git("merge", "-q", "-s", "ours", "-m", "Merge and disown", "side")


def talkative(upstream: Repository) -> None:
    write(upstream, "a.txt", b"one\n")
    upstream.git("add", "a.txt")
    diff = "diff --git a/b.txt b/b.txt\nnew file mode 100644\n--- /dev/null\n+++ b/b.txt\n"
    upstream.git("commit", "-q", "-m", f"Quote a patch\n\n{diff}@@ -0,0 +1 @@\n+evil\n")


REFUSED = {
    "a branch that is not there": ("theirs", "1.0", "but branch theirs cannot be fetched from it"),
    "a base that is not there": ("ours", "0.9", "has no commit '0.9' behind it"),
    "a base on another branch": ("ours", "1.1", "'1.1' does not lie behind branch ours"),
    "a merge that disowns what it merged": ("ours", "1.0", "do not make its tree: rebase it"),
    "a message that holds a patch": ("ours", "1.0", "do not make its tree: rebase it"),
    "a merge with changes of its own": ("ours", "1.0", "holds changes of its own: rebase"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_fork_whose_commits_are_no_series_is_refused(
    tmp_path: Path, upstream: Repository, case: str
) -> None:
    branch, base, words = REFUSED[case]
    series(upstream, [changed("line 5", "5")])
    make = {"disowns": disowning_merge, "message": talkative, "changes of its": evil_merge}
    for word, trouble in make.items():
        if word in case:
            trouble(upstream)
    upstream.git("checkout", "-q", "main")
    upstream.commit({"page.txt": PAGE + "more\n"}, tag="1.1")
    worker = Worker(tmp_path / "worker")
    result = worker.attempt("fork", *fork_arguments(upstream, branch, base))
    assert result.returncode == 1
    assert words in result.stderr


def test_a_commit_that_is_pinned_by_the_beginning_of_its_id_is_found(
    tmp_path: Path, upstream: Repository
) -> None:
    deep = upstream.git("rev-parse", "HEAD")
    for number in range(3):
        upstream.commit({"page.txt": f"{number}\n"}, tag=f"2.{number}")
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "2.2")
    output = worker.records("add_source", deep[:8], upstream.address, "", "refs/pinned", "")
    assert output[0] == deep
    missing = worker.attempt("add_source", "1234567", upstream.address, "", "refs/pinned", "")
    assert missing.returncode == 1
    assert f"{upstream.address} has no commit 1234567" in missing.stderr


def test_a_pin_may_change_between_commit_tag_and_branch(
    tmp_path: Path, upstream: Repository
) -> None:
    upstream.commit({"page.txt": "one\n"}, tag="2.0")
    worker = Worker(tmp_path / "worker")
    local_ref = "refs/slipway/one"

    def add_source(commit: str, remote_ref: str) -> str:
        return worker.records("add_source", commit, upstream.address, remote_ref, local_ref, "")[0]

    first = upstream.git("rev-parse", "1.0^{commit}")
    assert add_source(first[:9], "") == first
    second = upstream.git("rev-parse", "2.0^{commit}")
    assert add_source(second, "refs/tags/2.0") == second
    newest = upstream.commit({"page.txt": "two\n"})
    assert add_source(newest, "refs/heads/main") == newest
    third = upstream.commit({"page.txt": "three\n"})
    assert add_source(third[:9], "") == third


def test_a_repository_that_cannot_be_reached_is_told_apart(tmp_path: Path) -> None:
    worker = Worker(tmp_path / "worker")
    for commit, remote_ref in (("a" * 40, "refs/heads/main"), ("a" * 40, ""), ("abcdef1", "")):
        result = worker.attempt(
            "add_source", commit, f"file://{tmp_path}/lost", remote_ref, "refs/x", ""
        )
        assert result.returncode == 2


@pytest.fixture
def heavy(upstream: Repository) -> Repository:
    """A repository of 1.2 MB, and a release after that which changes one line."""
    for number in range(300):
        write(upstream, f"many/{number}.bin", shake_256(b"%d" % number).digest(4000))
    upstream.commit({}, tag="2.0")
    upstream.commit({"page.txt": "new\n"}, tag="2.1")
    return upstream


def by_tag(worker: Worker, upstream: Repository, release: str) -> None:
    """As a build does, which fetches a tag by its name."""
    commit = upstream.git("rev-parse", f"{release}^{{commit}}")
    tag = f"refs/tags/{release}"
    worker.run("add_source", commit, upstream.address, tag, "refs/slipway/one", "")


def by_commit(worker: Worker, upstream: Repository, release: str) -> None:
    worker.add_source(upstream, release)


def as_a_submodule(worker: Worker, upstream: Repository, release: str) -> None:
    commit = upstream.git("rev-parse", f"{release}^{{commit}}")
    worker.git("read-tree", "--empty")
    worker.run("submodules", stdin=f"{commit} {upstream.address} module\0".encode())


def as_a_fork(worker: Worker, upstream: Repository, release: str) -> None:
    upstream.git("branch", "-f", "ours", f"{release}^{{commit}}")
    worker.run("fork", *fork_arguments(upstream, "ours", "1.0"))


@pytest.mark.parametrize("fetch", [by_tag, by_commit, as_a_submodule, as_a_fork])
def test_a_second_build_of_a_large_repository_fetches_only_what_is_new(
    tmp_path: Path, heavy: Repository, fetch: Callable[[Worker, Repository, str], None]
) -> None:
    worker = Worker(tmp_path / "worker")
    fetch(worker, heavy, "2.0")
    first = stored_bytes(worker)
    fetch(worker, heavy, "2.1")
    assert first > 1_200_000
    assert stored_bytes(worker) - first < 5_000
    fetch(worker, heavy, "2.0")
    assert stored_bytes(worker) - first < 5_000


def stored_bytes(worker: Worker) -> int:
    """Bytes in the worker's repositories: everything that was ever fetched stays there."""
    objects = worker.folder.glob("**/objects/**/*")
    return sum(path.stat().st_size for path in objects if path.is_file())
