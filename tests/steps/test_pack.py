"""The artifact has the same bytes on every worker and under every account."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from change_sources.git_process import SECONDS
from releases.store import digest_of
from steps.git import environment, script_text
from steps.records import fields
from steps.tar import tar_archive
from tests.repositories import Repository
from tests.steps.worker import Worker

CIRCUMSTANCES = {
    "another umask": ("umask 0077", {}),
    "another time zone": ("true", {"TZ": "Pacific/Kiritimati"}),
    "another locale": ("true", {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"}),
    "another user's git": ("true", {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "tar.umask",
                                    "GIT_CONFIG_VALUE_0": "0077"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    repository = Repository(tmp_path_factory.mktemp("origin") / "work")
    repository.commit(
        {
            "index.php": "<?php\n",
            "ünïcode.txt": "x",
            ".gitattributes": "index.php export-ignore\n*.txt text eol=crlf\n",
        }
    )
    (repository.folder / "run").write_text("#!/bin/sh\n")
    (repository.folder / "run").chmod(0o755)
    repository.commit({}, tag="1.0")
    return repository


def pack(
    folder: Path,
    origin: Repository,
    before: str = "true",
    changed: Mapping[str, str] | None = None,
    words: tuple[str, ...] = ("blog.example",),
) -> list[str]:
    """Fetch and pack in a new folder; tree, commit, digest, size and forbidden words."""
    folder.mkdir()
    commit = origin.git("rev-parse", "1.0^{commit}")
    add_source = (commit, origin.address, "refs/tags/1.0", "refs/slipway/upstream", "")
    surroundings = environment(SECONDS) | {"PATH": "/usr/bin:/bin", "HOME": str(folder)}
    surroundings |= dict(changed or {})
    for name, arguments in (
        ("repository", ()),
        ("add_source", add_source),
        ("pack", ("@0 +0000", *words)),
    ):
        script = f"{before}\n{script_text(name)}"
        result = subprocess.run(
            ["bash", "-c", script, name, *arguments],
            check=True,
            cwd=folder,
            env=surroundings,
            input=tar_archive({".slipway/manifest.json": b"{}"}),
            capture_output=True,
        )
    return fields(result.stdout.decode())


@pytest.mark.parametrize("circumstance", CIRCUMSTANCES)
def test_two_packers_make_the_same_bytes(
    tmp_path: Path, origin: Repository, circumstance: str
) -> None:
    _, _, digest, size, *words = pack(tmp_path / "one", origin)
    assert words == []
    again = pack(tmp_path / "two", origin, *CIRCUMSTANCES[circumstance])
    assert again[2] == digest
    artifact = tmp_path / "one" / "artifact.tar.zst"
    assert digest_of(artifact) == digest
    assert artifact.stat().st_size == int(size)


def test_every_file_is_packed_as_it_is(tmp_path: Path, origin: Repository) -> None:
    pack(tmp_path / "one", origin)
    listing = subprocess.run(
        ["tar", "--zstd", "-tvf", tmp_path / "one" / "artifact.tar.zst"],
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    ).stdout
    for name in ("index.php", "ünïcode.txt", ".gitattributes", ".slipway/manifest.json"):
        assert name in listing
    assert "-rwxr-xr-x root/root" in listing
    assert "-rw-r--r-- root/root" in listing


def test_a_forbidden_word_is_found_anywhere_in_the_tar(tmp_path: Path, origin: Repository) -> None:
    *_, words = pack(tmp_path / "one", origin, words=("blog.example", "export-ignore"))
    assert words == "export-ignore"


POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)


def packing(tmp_path: Path, files: dict[str, str]) -> subprocess.CompletedProcess[str]:
    repository = Repository(tmp_path / "origin")
    repository.commit(files)
    worker = Worker(tmp_path / "worker")
    worker.add_source(repository)
    stdin = tar_archive({".slipway/manifest.json": b"{}"})
    return worker.attempt("pack", "@0 +0000", "blog.example", stdin=stdin)


def test_a_file_that_only_stands_for_its_content_is_refused_by_name(tmp_path: Path) -> None:
    result = packing(tmp_path, {"a b/lögo.png": POINTER, "index.html": "x"})
    assert result.returncode == 1
    words = "a b/lögo.png is a pointer of Git LFS: the file itself is not in the repository"
    assert result.stderr.splitlines()[-1] == words


def test_a_text_about_such_files_is_packed(tmp_path: Path) -> None:
    text = f"# How it works\n\n{POINTER.splitlines()[0]}\nis the first line of a pointer.\n"
    result = packing(tmp_path, {"docs.md": text})
    assert result.returncode == 0, result.stderr
    assert len(fields(result.stdout)) == 4


@settings(max_examples=12)
@given(st.dictionaries(st.sampled_from(["a.png", "b b.bin", "c/d", "ü"]), st.booleans()))
def test_a_tree_is_refused_for_each_pointer_and_for_nothing_else(files: dict[str, bool]) -> None:
    tree = {name: POINTER if pointer else f"about {POINTER}" for name, pointer in files.items()}
    with TemporaryDirectory() as folder:
        result = packing(Path(folder), {**tree, "index.html": "x"})
    pointers = sorted(name for name, pointer in files.items() if pointer)
    assert result.returncode == bool(pointers), result.stderr
    assert not pointers or result.stderr.splitlines()[-1].partition(" is a pointer")[0] in pointers
