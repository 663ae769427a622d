"""The store keeps whole artifacts under their true digest, and nothing else."""

import hashlib
import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import zstandard

from releases.provenance import generate_key, sign
from releases.store import ArtifactError, Store, StoredArtifact, missing_room
from tests.local.values import provenance
from tests.steps.test_receive import limited

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


def fill(store: Store) -> str:
    """Store a signed release; its digest."""
    release = provenance().model_copy(update={"digest": DIGEST})
    store.put(upload(store, zstandard.compress(TAR)), DIGEST, sign(release, generate_key()[0]))
    store.contents(DIGEST).write_text("[]")
    return release.component


def everything(artifacts: list[StoredArtifact]) -> list[StoredArtifact]:
    return artifacts


def test_a_removed_artifact_leaves_its_provenance_for_the_history(store: Store) -> None:
    component = fill(store)
    removed, _ = store.remove(everything, datetime.now(UTC))
    assert [(a.digest, a.component) for a in removed] == [(DIGEST, component)]
    assert removed[0].size > 0
    assert kept(store) == [f"{DIGEST}.json"]
    assert DIGEST not in store
    assert store.artifacts() == []


def test_an_upload_of_a_killed_build_is_removed_after_a_day_and_one_that_runs_is_not(
    store: Store,
) -> None:
    now = datetime.now(UTC)
    killed, running = store.incoming("blog-1.tar.zst"), store.incoming("blog-2.tar.zst")
    for path in (killed, running):
        path.write_bytes(b"half of it")
    yesterday = (now - timedelta(days=1, minutes=1)).timestamp()
    os.utime(killed, (yesterday, yesterday))
    assert store.remove(everything, now) == ([], [killed.name])
    assert kept(store) == [running.name]


def somebody_waits(folder: Path) -> bool:
    """Whether a thread waits for the lock on a folder: https://docs.kernel.org/filesystems/proc."""
    inode = f":{folder.stat().st_ino} "
    lines = Path("/proc/locks").read_text().splitlines()
    return any("->" in line and inode in line for line in lines)


def test_a_release_that_is_stored_again_meanwhile_is_seen_before_anything_is_removed(
    store: Store,
) -> None:
    """Otherwise its new build would be signed, and its artifact gone."""
    fill(store)
    os.utime(store.artifact(DIGEST), (0, 0))
    seen: list[datetime] = []

    def old(artifacts: list[StoredArtifact]) -> list[StoredArtifact]:
        seen.extend(artifact.modified for artifact in artifacts)
        return [a for a in artifacts if a.modified.year == 1970]

    with store.locked():
        removal = threading.Thread(target=store.remove, args=(old, datetime.now(UTC)))
        removal.start()
        while removal.is_alive() and not somebody_waits(store.folder):
            time.sleep(0.01)
        os.utime(store.artifact(DIGEST))
    removal.join()
    assert len(seen) == 1
    assert DIGEST in store


def test_a_disk_that_is_full_when_the_envelope_is_written_leaves_nothing_behind(
    store: Store,
) -> None:
    """The artifact alone would be one that nobody signed."""
    artifact = zstandard.compress(TAR)
    incoming = upload(store, artifact)
    with limited(len(artifact) + 1000), pytest.raises(OSError, match="File too large"):
        store.put(incoming, DIGEST, b"x" * (len(artifact) + 2000))
    assert kept(store) == []


def test_a_disk_without_room_is_named_with_what_is_free_and_what_is_needed(tmp_path: Path) -> None:
    assert missing_room(tmp_path, 1) is None
    problem = missing_room(tmp_path, 10**18)
    assert problem
    assert problem.startswith(f"{tmp_path}: ")
    assert problem.endswith(" MB are free, and 1,000,000,000,000 MB are needed")
