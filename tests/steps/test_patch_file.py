"""What a patch file says of itself, whoever wrote it, and which files are refused."""

import subprocess
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.patch_file import PatchError, read_patches, read_series, title
from tests.repositories import Repository
from tests.steps.worker import Worker

PAGE = "".join(f"line {number}\n" for number in range(1, 41))
DIFF = "--- a/page.txt\n+++ b/page.txt\n@@ -4,3 +4,3 @@\n line 4\n-line 5\n+five\n line 6\n"
NAMES = st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=40)
SUBJECTS = st.text(
    st.characters(categories=["L", "Nd", "P", "S"], exclude_characters="[]"), min_size=1
)


@pytest.fixture
def upstream(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "upstream")
    repository.commit({"page.txt": PAGE, "old/name.txt": PAGE}, tag="1.0")
    return repository


@given(NAMES, SUBJECTS)
def test_author_and_subject_of_a_mail_in_any_language_are_read(name: str, subject: str) -> None:
    mail = EmailMessage(SMTP.clone(refold_source="all"))
    mail["From"] = f'"{name}" <ana@example.org>'
    mail["Subject"] = f"[PATCH 1/2] {subject}"
    mail.set_content(DIFF, cte="quoted-printable")
    (patch,) = read_patches("a.patch", mail.as_bytes())
    assert patch.author == f"{name} <ana@example.org>"
    assert title(patch.subject).split() == subject.split()
    assert patch.content.replace(b"\r\n", b"\n").decode() == DIFF


@given(st.binary(max_size=3000))
def test_any_bytes_are_a_patch_or_refused_with_the_name_of_the_file(content: bytes) -> None:
    try:
        patches = read_patches("a.patch", content)
    except PatchError as error:
        assert str(error).startswith("a.patch")
    else:
        assert all(patch.name.startswith("a.patch") for patch in patches)
        assert all(len(title(patch.subject)) <= 301 for patch in patches)


def test_names_in_iso_8859_1_are_read() -> None:
    mail = f"From: Jörg <j@example.org>\nSubject: Grüße\n\n{DIFF}".encode("latin-1")
    (patch,) = read_patches("a.patch", mail)
    assert (patch.author, patch.subject) == ("Jörg <j@example.org>", "Grüße")


def test_a_subject_that_is_a_whole_paragraph_is_cut() -> None:
    lines = "".join(f"\n fact number {number}" for number in range(120))
    (patch,) = read_patches("a.patch", f"Subject: [PATCH] Squash{lines}\n\n{DIFF}".encode())
    assert title(patch.subject).startswith("Squash fact number 0 fact")
    assert len(title(patch.subject)) == 301


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_in_utf_16_is_refused(encoding: str) -> None:
    with pytest.raises(PatchError, match=r"a\.patch is UTF-16: save it as UTF-8"):
        read_patches("a.patch", DIFF.encode(encoding))


def test_several_mails_in_one_file_are_several_patches_as_for_git_am(
    tmp_path: Path, upstream: Repository
) -> None:
    upstream.git("checkout", "-q", "-b", "ours")
    for number in (5, 15, 25):
        page = (upstream.folder / "page.txt").read_text()
        upstream.commit(
            {"page.txt": page.replace(f"line {number}\n", f"{number}\n")}, subject=f"Say {number}"
        )
    series = upstream.git("format-patch", "--stdout", "1.0") + "\n"
    plain = "--- a/old/name.txt\n+++ b/old/name.txt\n@@ -1,2 +1,2 @@\n-line 1\n+one\n line 2\n"
    patches = read_patches("series.patch", series.encode())
    assert [(patch.name, title(patch.subject)) for patch in patches] == [
        ("series.patch (1 of 3)", "Say 5"),
        ("series.patch (2 of 3)", "Say 15"),
        ("series.patch (3 of 3)", "Say 25"),
    ]
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "1.0")
    assert worker.apply_tree({"series.patch": series.encode()}) == upstream.git(
        "rev-parse", "ours^{tree}"
    )
    worker.add_source(upstream, "1.0")
    both = {"series.patch": series.encode(), "z.patch": plain.encode()}
    ids = worker.patch_ids(both)
    assert len({*ids}) == 4
    assert ids[:3] == [patch_id(upstream, f"ours~{back}") for back in (2, 1, 0)]


def patch_id(repository: Repository, commit: str) -> str:
    patch = repository.git("format-patch", "--stdout", "-1", commit) + "\n"
    command = ["git", "patch-id", "--stable"]
    return subprocess.check_output(command, input=patch, text=True).split()[0]


SVN = (
    "Index: {name}\n{rule}\n--- {name}\t(revision 1)\n+++ {name}\t(working copy)\n"
    "@@ -4,3 +4,3 @@\n line 4\n-line 5\n+five\n line 6\n"
)


@pytest.mark.parametrize("name", ["page.txt", "old/name.txt"])
@pytest.mark.parametrize("svn_first", [True, False])
def test_a_patch_from_svn_does_not_change_where_others_put_their_files(
    tmp_path: Path, upstream: Repository, name: str, svn_first: bool
) -> None:
    mailed = upstream.patch({"mu/a.html": "a\n"}, "Add a page")
    from_svn = SVN.format(name=name, rule="=" * 67)
    names = ("1.patch", "2.patch") if svn_first else ("2.patch", "1.patch")
    files = dict(zip(names, (from_svn.encode(), mailed.encode()), strict=True))
    worker = Worker(tmp_path / "worker")
    worker.add_source(upstream, "1.0")
    worker.apply_tree(dict(sorted(files.items())))
    assert worker.git("ls-files").split() == ["mu/a.html", "old/name.txt", "page.txt"]
    assert "five" in worker.git("show", f":{name}")


def test_a_patch_without_prefixes_is_refused(upstream: Repository) -> None:
    """git would apply it to `name.txt` in place of `old/name.txt`."""
    upstream.commit({"old/name.txt": "new\n"})
    patch = upstream.git("format-patch", "--stdout", "--no-prefix", "-1")
    with pytest.raises(PatchError, match="no prefixes a/ and b/: write it again without"):
        read_patches("a.patch", patch.encode())


def test_cover_letters_are_left_out(tmp_path: Path, upstream: Repository) -> None:
    upstream.commit({"page.txt": "new\n"}, subject="Say new")
    upstream.git("format-patch", "--cover-letter", "-o", str(tmp_path / "patches"), "1.0")
    names = sorted(path.name for path in (tmp_path / "patches").iterdir())
    series = read_series(tmp_path / "patches", names)
    assert series.cover_letters == ("0000-cover-letter.patch",)
    assert [title(patch.subject) for patch in series.patches] == ["Say new"]


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(PatchError, match=r"x/0001-a\.patch: No such file or directory; the folder"):
        read_series(tmp_path, ["x/0001-a.patch"])
