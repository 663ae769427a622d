"""The store: artifacts and their provenance on the master's disk, by digest."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import zstandard

from model.reading import Model
from releases.provenance import ProvenanceError, read_unverified

BLOCK = 1 << 20
ARTIFACT = ".tar.zst"
UPLOAD_LIFE = timedelta(days=1)
"""An upload that nobody stored for so long belongs to a build that was killed."""


class ArtifactError(ValueError):
    """An artifact whose bytes do not have the digest that its name gives."""


class StoredArtifact(Model):
    """One artifact of the store."""

    digest: str
    component: str | None
    """None when its provenance is missing: it cannot be deployed."""
    size: int
    """In bytes."""
    modified: datetime
    """When it was stored last."""


class Store(Model):
    """A folder with `<digest>.tar.zst` and `<digest>.json`; no file is ever incomplete."""

    folder: Path

    def artifact(self, digest: str) -> Path:
        return self.folder / f"{digest}{ARTIFACT}"

    def provenance(self, digest: str) -> Path:
        return self.folder / f"{digest}.json"

    def contents(self, digest: str) -> Path:
        """The list of the artifact's files, written when the UI first shows it."""
        return self.folder / f"{digest}.contents.json"

    def incoming(self, name: str) -> Path:
        """The path of an upload until it is stored by its digest."""
        return self.folder / "incoming" / name

    def __contains__(self, digest: str) -> bool:
        return self.artifact(digest).exists() and self.provenance(digest).exists()

    def put(self, incoming: Path, digest: str, envelope: bytes) -> None:
        """Store an uploaded artifact and its envelope, replacing those of the same digest.

        Raises ArtifactError when the artifact has another digest, and OSError when the disk is
        full; then nothing is stored.
        """
        draft = self.incoming(f"{digest}.json")
        try:
            actual = digest_of(incoming)
            if actual != digest:
                raise ArtifactError(f"the artifact's digest is {actual}, not {digest}")
            with self.locked():
                draft.write_bytes(envelope)
                move_durably(incoming, self.artifact(digest))
                move_durably(draft, self.provenance(digest))
        finally:
            incoming.unlink(missing_ok=True)
            draft.unlink(missing_ok=True)

    def artifacts(self) -> list[StoredArtifact]:
        """All artifacts, in no order."""
        return [
            StoredArtifact(
                digest=(digest := path.name.removesuffix(ARTIFACT)),
                component=self.component(digest),
                size=(status := path.stat()).st_size,
                modified=datetime.fromtimestamp(status.st_mtime, UTC),
            )
            for path in self.folder.glob(f"*{ARTIFACT}")
        ]

    def component(self, digest: str) -> str | None:
        """The component of a release; None without a provenance that can be read."""
        try:
            return read_unverified(self.provenance(digest).read_bytes()).component
        except (FileNotFoundError, ProvenanceError):
            return None

    def remove(
        self, choose: Callable[[list[StoredArtifact]], Iterable[StoredArtifact]], now: datetime
    ) -> tuple[list[StoredArtifact], list[str]]:
        """Remove the chosen artifacts, and uploads that nobody stored; both are returned.

        The provenance stays, because the history of the releases shows it.
        """
        with self.locked():
            chosen = list(choose(self.artifacts()))
            for artifact in chosen:
                self.artifact(artifact.digest).unlink()
                self.contents(artifact.digest).unlink(missing_ok=True)
            uploads = [path for path in self.incoming("").glob("*") if is_forgotten(path, now)]
            for path in uploads:
                path.unlink()
        return chosen, [path.name for path in uploads]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Wait for others who add or remove files; for threads, because it blocks."""
        folder = os.open(self.folder, os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)


def write_problem(error: OSError, path: str | Path) -> str:
    """Why the master cannot write a file, in words."""
    folder = Path(path).parent
    free = shutil.disk_usage(folder).free / 1e6 if folder.is_dir() else 0
    return f"the master cannot write to {folder}: {error.strerror}; {free:,.0f} MB are free there"


def missing_room(folder: Path, needed: int) -> str | None:
    """Why a folder's disk is too full to write this many bytes, in words; None when it is not."""
    free = shutil.disk_usage(folder).free
    if free >= needed:
        return None
    return f"{folder}: {free / 1e6:,.0f} MB are free, and {needed / 1e6:,.0f} MB are needed"


def is_forgotten(upload: Path, now: datetime) -> bool:
    return now - datetime.fromtimestamp(upload.stat().st_mtime, UTC) > UPLOAD_LIFE


def digest_of(artifact: Path) -> str:
    """The SHA-256 of the tar inside a compressed artifact, in hexadecimal.

    Raises ArtifactError when it cannot be decompressed.
    """
    digest = hashlib.sha256()
    try:
        with artifact.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as tar:
            while block := tar.read(BLOCK):
                digest.update(block)
    except zstandard.ZstdError as error:
        raise ArtifactError(f"the artifact cannot be decompressed: {error}") from None
    return digest.hexdigest()


def move_durably(draft: Path, final: Path) -> None:
    """Rename a file so that after a power cut it is complete or absent."""
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.rename(final)
    folder = os.open(final.parent, os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
