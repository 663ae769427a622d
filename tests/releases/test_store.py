"""The store keeps whole artifacts under their true digest, and nothing else."""

import hashlib
from pathlib import Path

import pytest
import zstandard

from releases.store import ArtifactError, Store

TAR = b"not really a tar, but bytes" * 1000
DIGEST = hashlib.sha256(TAR).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    (tmp_path / "incoming").mkdir()
    return Store(folder=tmp_path)


def upload(store: Store, content: bytes) -> Path:
    incoming = store.incoming("blog-1.tar.zst")
    incoming.write_bytes(content)
    return incoming


def kept(store: Store) -> list[str]:
    return sorted(path.name for path in store.folder.rglob("*") if path.is_file())


def test_an_artifact_is_kept_with_its_envelope_under_its_digest(store: Store) -> None:
    store.put(upload(store, zstandard.compress(TAR)), DIGEST, b"{}")
    assert DIGEST in store
    assert kept(store) == [f"{DIGEST}.json", f"{DIGEST}.tar.zst"]


def test_the_same_release_again_is_kept_with_its_newest_signature(store: Store) -> None:
    store.put(upload(store, zstandard.compress(TAR)), DIGEST, b"first")
    store.put(upload(store, zstandard.compress(TAR, level=10)), DIGEST, b"second")
    assert store.provenance(DIGEST).read_bytes() == b"second"
    assert kept(store) == [f"{DIGEST}.json", f"{DIGEST}.tar.zst"]


@pytest.mark.parametrize(
    "content",
    [zstandard.compress(TAR + b"!"), b"not zstd", zstandard.compress(TAR)[:-9]],
    ids=["other bytes", "not compressed", "truncated"],
)
def test_a_damaged_upload_leaves_nothing_behind(store: Store, content: bytes) -> None:
    with pytest.raises(ArtifactError):
        store.put(upload(store, content), DIGEST, b"{}")
    assert DIGEST not in store
    assert kept(store) == []
