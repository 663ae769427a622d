"""The store: artifacts and their provenance on the master's disk, by digest."""

import hashlib
import os
from pathlib import Path

import zstandard

from model.reading import Model

BLOCK = 1 << 20


class ArtifactError(ValueError):
    """An artifact whose bytes do not have the digest that its name gives."""


class Store(Model):
    """A folder with `<digest>.tar.zst` and `<digest>.json`; no file is ever incomplete."""

    folder: Path

    def artifact(self, digest: str) -> Path:
        return self.folder / f"{digest}.tar.zst"

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

        Raises ArtifactError, and stores nothing, when the artifact has another digest.
        """
        try:
            actual = digest_of(incoming)
            if actual != digest:
                raise ArtifactError(f"the artifact's digest is {actual}, not {digest}")
            move_durably(incoming, self.artifact(digest))
            draft = self.incoming(f"{digest}.json")
            draft.write_bytes(envelope)
            move_durably(draft, self.provenance(digest))
        finally:
            incoming.unlink(missing_ok=True)


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
