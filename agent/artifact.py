"""Verify an artifact's signature, digest and members on the server, then unpack it."""

import hashlib
import posixpath
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import zstandard

from agent.commands import pipe
from agent.disk import require_space, writing
from agent.errors import AgentError
from model.release import Digest
from releases.provenance import ProvenanceError, verify

BLOCK = 32 << 10
"""Bytes read at once. tarfile copies the rest of a block for each member, so larger is slower."""

FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.LNKTYPE)


DISK_BLOCK = 4096
"""Bytes: a file takes whole blocks of a disk."""


@dataclass(frozen=True)
class ArtifactSize:
    """What the unpacked artifact takes on a disk."""

    files: int
    entries: int
    """Files, folders and links."""
    size: int
    """Bytes."""


class HashingStream:
    """A stream that is hashed while it is read."""

    def __init__(self, stream: zstandard.ZstdDecompressionReader) -> None:
        self.stream = stream
        self.hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self.stream.read(size)
        self.hash.update(block)
        return block

    def digest(self) -> Digest:
        """Read to the end; the digest of all bytes."""
        while self.read(BLOCK):
            pass
        return self.hash.hexdigest()


def verify_provenance(envelope: Path, public_key: Path, component: str, digest: Digest) -> None:
    """Raises AgentError unless the master signed the digest as a release of the component."""
    try:
        provenance = verify(envelope.read_bytes(), public_key.read_text())
    except ProvenanceError as error:
        raise AgentError(f"{envelope.name}: {error}") from None
    if provenance.component != component:
        raise AgentError(
            f"{envelope.name}: is of component {provenance.component}, not {component}"
        )
    if provenance.digest != digest:
        raise AgentError(f"{envelope.name}: is of digest {provenance.digest}, not {digest}")


def verify_artifact(artifact: Path, digest: Digest) -> ArtifactSize:
    """Read a whole artifact without unpacking it; its size unpacked.

    Raises AgentError when the bytes do not have the digest, or when unpacking a member could write
    outside the folder.
    """
    with artifact.open("rb") as file:
        decompressor = zstandard.ZstdDecompressor()
        stream = HashingStream(decompressor.stream_reader(file, read_across_frames=True))
        try:
            with tarfile.open(fileobj=as_file(stream), mode="r|", bufsize=BLOCK) as archive:
                size = measure_safe_files(archive)
            actual = stream.digest()
        except (tarfile.TarError, zstandard.ZstdError, EOFError) as error:
            raise AgentError(f"{artifact.name}: cut short or damaged: {error}") from None
    if actual != digest:
        raise AgentError(f"{artifact.name}: its digest is {actual}, not {digest}")
    return size


def as_file(stream: HashingStream) -> BinaryIO:
    """The stream under the type that `tarfile` declares; it only calls `read`."""
    return stream  # type: ignore[return-value]  # see above


def measure_safe_files(archive: Iterable[tarfile.TarInfo]) -> ArtifactSize:
    """The size; raises AgentError when a member could write outside the folder."""
    types: dict[str, bytes] = {}
    blocks = 0
    implied_folders: set[str] = set()
    for member in archive:
        name = normalized_name(member)
        above = list(ancestors(name))
        if name in types:
            raise refusal(member, "is there twice")
        if name in implied_folders and not member.isdir():
            raise refusal(member, "is a folder too")
        for folder in above:
            if types.get(folder, tarfile.DIRTYPE) != tarfile.DIRTYPE:
                raise refusal(member, f"lies behind {folder}, which is no folder")
        refuse_unsafe(member, name, types)
        types[name] = member.type
        implied_folders.update(above)
        blocks += -(-member.size // DISK_BLOCK)
    files = sum(member_type in FILES for member_type in types.values())
    return ArtifactSize(files, len(types.keys() | implied_folders), blocks * DISK_BLOCK)


def refuse_unsafe(member: tarfile.TarInfo, name: str, types: Mapping[str, bytes]) -> None:
    """Raises AgentError for a member whose mode, type or link target is unsafe.

    `types` are those of the members before it, by name.
    """
    if member.mode & 0o6000:
        raise refusal(member, "would run as its owner or group (setuid, setgid)")
    if member.issym():
        refuse_escape(member, name)
    elif member.islnk():
        if types.get(posixpath.normpath(member.linkname)) not in FILES:
            raise refusal(member, f"is a hard link to {member.linkname}, no earlier file")
    elif member.type not in (*FILES, tarfile.DIRTYPE):
        raise refusal(member, "is neither file, folder nor link")


def normalized_name(member: tarfile.TarInfo) -> str:
    """The member's name without `./`; raises AgentError for an absolute path and for `..`."""
    if member.name.startswith("/"):
        raise refusal(member, "is an absolute path")
    if ".." in member.name.split("/"):
        raise refusal(member, "holds '..'")
    return posixpath.normpath(member.name)


def refuse_escape(link: tarfile.TarInfo, name: str) -> None:
    """Raises AgentError for a symbolic link that could leave the tree.

    A leading `..` is safe to count, because the link's own parents are real folders. A `..` after
    a name is not, because that name may be another link.
    """
    parts = [part for part in link.linkname.split("/") if part not in ("", ".")]
    climb = next((n for n, part in enumerate(parts) if part != ".."), len(parts))
    if link.linkname.startswith("/") or ".." in parts[climb:] or climb > name.count("/"):
        raise refusal(link, f"is a link out of the tree, to {link.linkname}")


def ancestors(name: str) -> Iterator[str]:
    """The folders above a name, the nearest first."""
    while name := posixpath.dirname(name):
        yield name


def refusal(member: tarfile.TarInfo, reason: str) -> AgentError:
    return AgentError(f"the artifact's {member.name!r} {reason}: refused before unpacking")


def unpack(artifact: Path, folder: Path, size: ArtifactSize) -> None:
    """Unpack a verified artifact into a new folder.

    Raises AgentError when its size is more than the disk has room for, before anything is written.

    `--touch` sets the files' times to now. All artifacts hold the same fixed time, from which
    a web server would compute the same ETag for two releases of a file of unchanged size.
    """
    require_space(folder.parent, size.size, size.entries)
    folder.mkdir()
    with writing(folder, f"{size.size / 1e6:,.1f} MB are needed"):
        pipe(
            ["zstd", "-dcq", artifact],
            ["tar", "-x", "--no-same-owner", "--no-same-permissions", "--touch", "-C", folder],
        )
