"""What a promotion would change, from two real artifacts."""

import hashlib
import io
import random
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard

from model.release import METADATA_FOLDER, Manifest
from releases.provenance import Material, Patch, Provenance, generate_key, sign
from releases.store import Store
from tests.releases.ledgers import component
from tests.steps.test_receive import limited
from web.views.artifact_contents import contents
from web.views.difference import StoredRelease, difference

COMPONENT = component("blog")
PRIVATE, _ = generate_key()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(folder=tmp_path)
    store.incoming("x").parent.mkdir()
    return store


def release(
    store: Store, files: dict[str, str], commit: str, patches: dict[str, str], **materials: str
) -> StoredRelease:
    """Put an artifact with these files into the store, and read it as the page does."""
    manifest = Manifest.of(COMPONENT).model_dump_json()
    all_deployments = {**files, f"{METADATA_FOLDER}/manifest.json": manifest}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, text in all_deployments.items():
            member = tarfile.TarInfo(name)
            content = text.encode("utf-8", "surrogateescape")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    laid = [Material(repository="https://github.com/a/b.git", release="1.0", commit=commit)]
    laid += [
        Material(
            repository=f"https://example.org/{into}.git", release="main", commit=one, into=into
        )
        for into, one in materials.items()
    ]
    provenance = Provenance(
        component="blog",
        digest=digest,
        materials=tuple(laid),
        patches=tuple(
            Patch(name=name, id=identity, subject=name, author="ana")
            for name, identity in patches.items()
        ),
        build="http://localhost/",
        worker="build-1",
        finished=datetime(2026, 11, 24, tzinfo=UTC),
    )
    incoming = store.incoming("blog.tar.zst")
    incoming.write_bytes(zstandard.compress(buffer.getvalue()))
    store.put(incoming, digest, sign(provenance, PRIVATE))
    return StoredRelease(provenance=provenance, contents=contents(store, digest))


TEMPLATE = f"{METADATA_FOLDER}/templates/config.php.j2"


def test_everything_that_differs_is_told_and_nothing_else(store: Store) -> None:
    old = release(
        store,
        {"a.php": "a", "gone.php": "gone", "same.php": "same", TEMPLATE: "one\n"},
        "1" * 40,
        {"0001": "x", "0002": "y", "0003": "z"},
        theme="3" * 40,
        skin="4" * 40,
    )
    new = release(
        store,
        {"a.php": "aaa", "new.php": "new!", "same.php": "same", TEMPLATE: "two\n"},
        "2" * 40,
        {"0001": "x", "0002": "Y", "0004": "w"},
        theme="5" * 40,
        skin="4" * 40,
    )
    found = difference(old, new)
    assert found.upstream.compare == f"https://github.com/a/b/compare/{'1' * 40}...{'2' * 40}"
    assert [overlay.into for overlay in found.overlays] == ["theme"]
    names = [
        [patch.name for patch in some]
        for some in (found.patches_added, found.patches_changed, found.patches_removed)
    ]
    assert names == [["0004"], ["0002"], ["0003"]]
    kinds = [
        (one.count, one.bytes, [f.path for f in one.first])
        for one in (found.added, found.changed, found.removed)
    ]
    assert kinds == [(1, 4, ["new.php"]), (1, 2, ["a.php"]), (1, -4, ["gone.php"])]
    (text,) = found.configuration
    assert text.name == "config.php"
    assert "-one\n+two\n" in text.difference


def test_the_first_release_adds_everything(store: Store) -> None:
    new = release(store, {"a.php": "a"}, "2" * 40, {"0001": "x"})
    found = difference(None, new)
    assert (found.before, found.upstream.before, found.added.count) == (None, None, 1)
    assert len(found.patches_added) == 1


def test_what_an_artifact_holds_is_read_once(store: Store) -> None:
    side = release(store, {"a.php": "a"}, "2" * 40, {})
    digest = side.provenance.digest
    store.artifact(digest).unlink()
    assert contents(store, digest) == side.contents
    with pytest.raises(FileNotFoundError):
        contents(store, "f" * 64)


def test_on_a_full_disk_a_release_is_shown_although_its_list_of_files_is_not_kept(
    store: Store,
) -> None:
    digest = release(store, {"index.html": "one"}, "1" * 40, {}).provenance.digest
    store.contents(digest).unlink()
    with limited(10):
        assert contents(store, digest).files["index.html"].size == 3
    assert not store.contents(digest).exists()
    assert list(store.incoming("").iterdir()) == []


def test_names_that_are_not_utf_8_are_shown_with_replaced_characters(store: Store) -> None:
    stored = (b"caf\xe9.txt", b"caf\xe8.txt", "café.txt".encode())
    names = {name.decode("utf-8", "surrogateescape"): "text" for name in stored}
    side = release(store, names, "1" * 40, {})
    shown = [change.path for change in difference(None, side).added.first]
    assert shown == ["café.txt", "caf\ufffd.txt", "caf\ufffd.txt\ufffd"]
    assert contents(store, side.provenance.digest) == side.contents
    difference(None, side).model_dump_json().encode()


def test_any_bytes_in_names_and_links_are_shown(store: Store) -> None:
    chance = random.Random(3)  # noqa: S311  # the same names each time
    for _ in range(30):
        names = {
            f"{number}-{some_name(chance)}": some_name(chance)
            for number in range(chance.randint(1, 9))
        }
        side = release(store, names, "1" * 40, {})
        assert len(side.contents.files) == len(names)
        difference(None, side).model_dump_json().encode()


def some_name(chance: random.Random) -> str:
    """A file's name of any bytes, as `tarfile` gives it."""
    some = chance.randbytes(chance.randint(1, 30)).translate(None, b"\0/")
    return (some + b"x").decode("utf-8", "surrogateescape")
