"""The store: artifacts and their provenance on the master's disk, by digest."""

import hashlib
import os
from pathlib import Path

import zstandard

from model.reading import Model

BLOCK = 1 << 20


class Damaged(ValueError):
    """An artifact whose bytes are not those that its name promises."""


class Store(Model):
    """A folder with `<digest>.tar.zst` and `<digest>.json`; a file is there whole or not at all."""

    folder: Path

    def artifact(self, digest: str) -> Path:
        return self.folder / f"{digest}.tar.zst"

    def provenance(self, digest: str) -> Path:
        return self.folder / f"{digest}.json"

    def contents(self, digest: str) -> Path:
        """What the artifact holds, once somebody has asked."""
        return self.folder / f"{digest}.contents.json"

    def incoming(self, name: str) -> Path:
        """Where an upload lands until it is put under its digest."""
        return self.folder / "incoming" / name

    def __contains__(self, digest: str) -> bool:
        return self.artifact(digest).exists() and self.provenance(digest).exists()

    def put(self, incoming: Path, digest: str, envelope: bytes) -> None:
        """Keep an uploaded artifact and its envelope, in place of those of the same digest.

        Raises Damaged, and keeps nothing, when the artifact's digest is another.
        """
        try:
            found = digest_of(incoming)
            if found != digest:
                raise Damaged(f"the artifact's digest is {found}, not {digest}")
            durable(incoming, self.artifact(digest))
            draft = self.incoming(f"{digest}.json")
            draft.write_bytes(envelope)
            durable(draft, self.provenance(digest))
        finally:
            incoming.unlink(missing_ok=True)


def digest_of(artifact: Path) -> str:
    """The SHA-256 of the tar inside a compressed artifact, in hexadecimal.

    Raises Damaged when it cannot be decompressed.
    """
    digest = hashlib.sha256()
    try:
        with artifact.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as tar:
            while block := tar.read(BLOCK):
                digest.update(block)
    except zstandard.ZstdError as mistake:
        raise Damaged(f"the artifact cannot be decompressed: {mistake}") from None
    return digest.hexdigest()


def durable(draft: Path, final: Path) -> None:
    """Move a file to its name so that a power cut leaves it whole or absent."""
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.rename(final)
    folder = os.open(final.parent, os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
