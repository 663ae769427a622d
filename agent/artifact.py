"""An artifact as a server receives it: believed only when signed, whole and harmless."""

import hashlib
import posixpath
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import zstandard

from agent.commands import pipe
from agent.failure import Failure
from model.release import Digest
from releases.provenance import ProvenanceError, verify

BLOCK = 32 << 10
"""Not larger: tarfile copies the rest of a block for every member in it."""

FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.LNKTYPE)
FOLDER = (tarfile.DIRTYPE,)


class Digested:
    """A stream that is hashed while it is read."""

    def __init__(self, stream: zstandard.ZstdDecompressionReader) -> None:
        self.stream = stream
        self.hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self.stream.read(size)
        self.hash.update(block)
        return block

    def digest(self) -> Digest:
        while self.read(BLOCK):
            pass
        return self.hash.hexdigest()


def verify_provenance(envelope: Path, public_key: Path, component: str, digest: Digest) -> None:
    """Raises Failure unless the master signed that this digest is a release of this component."""
    try:
        provenance = verify(envelope.read_bytes(), public_key.read_text())
    except ProvenanceError as reason:
        raise Failure(f"{envelope.name}: {reason}") from None
    if provenance.component != component:
        raise Failure(f"{envelope.name}: is of component {provenance.component}, not {component}")
    if provenance.digest != digest:
        raise Failure(f"{envelope.name}: is of digest {provenance.digest}, not {digest}")


def inspect(artifact: Path, digest: Digest) -> int:
    """Read all of an artifact without unpacking any; the number of its files.

    Raises Failure for bytes that are not the digest's and for members that could reach out of the
    folder they are unpacked into.
    """
    with artifact.open("rb") as file:
        stream = Digested(zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True))
        try:
            with tarfile.open(fileobj=reader(stream), mode="r|", bufsize=BLOCK) as archive:
                files = harmless(archive)
            found = stream.digest()
        except (tarfile.TarError, zstandard.ZstdError, EOFError) as mistake:
            raise Failure(f"{artifact.name}: cut short or damaged: {mistake}") from None
    if found != digest:
        raise Failure(f"{artifact.name}: its digest is {found}, not {digest}")
    return files


def reader(stream: Digested) -> BinaryIO:
    """`tarfile` needs `read` only, but says that it needs a whole file."""
    return stream  # type: ignore[return-value]  # see above


def harmless(archive: Iterable[tarfile.TarInfo]) -> int:
    """The number of files in an archive of which no member can reach out; raises Failure."""
    kinds: dict[str, bytes] = {}
    implied: set[str] = set()
    for member in archive:
        name = inside(member)
        above = list(parents(name))
        if name in kinds:
            raise refused(member, "is there twice")
        if name in implied and not member.isdir():
            raise refused(member, "is a folder too")
        if barrier := next((p for p in above if kinds.get(p, tarfile.DIRTYPE) not in FOLDER), None):
            raise refused(member, f"lies behind {barrier}, which is no folder")
        allow(member, name, kinds)
        kinds[name] = member.type
        implied.update(above)
    return sum(kind in FILES for kind in kinds.values())


def allow(member: tarfile.TarInfo, name: str, kinds: Mapping[str, bytes]) -> None:
    """Refuse a member for what it is or where it leads; raises Failure."""
    if member.mode & 0o6000:
        raise refused(member, "would run as its owner or group (setuid, setgid)")
    if member.issym():
        stay_inside(member, name)
    elif member.islnk():
        if kinds.get(posixpath.normpath(member.linkname)) not in FILES:
            raise refused(member, f"is a hard link to {member.linkname}, no earlier file")
    elif member.type not in FILES + FOLDER:
        raise refused(member, "is neither file, folder nor link")


def inside(member: tarfile.TarInfo) -> str:
    """The member's name without `./`."""
    if member.name.startswith("/"):
        raise refused(member, "is an absolute path")
    if ".." in member.name.split("/"):
        raise refused(member, "holds '..'")
    return posixpath.normpath(member.name)


def stay_inside(link: tarfile.TarInfo, name: str) -> None:
    """Refuse a symbolic link that could leave the tree, directly or by way of another one.

    Folders above the link are real ones, so leading `..` are what they seem; a `..` after a name
    may start from wherever another link leads.
    """
    steps = [step for step in link.linkname.split("/") if step not in ("", ".")]
    up = next((n for n, step in enumerate(steps) if step != ".."), len(steps))
    if link.linkname.startswith("/") or ".." in steps[up:] or up > name.count("/"):
        raise refused(link, f"is a link out of the tree, to {link.linkname}")


def parents(name: str) -> Iterator[str]:
    while name := posixpath.dirname(name):
        yield name


def refused(member: tarfile.TarInfo, why: str) -> Failure:
    return Failure(f"the artifact's {member.name!r} {why}: refused before unpacking")


def unpack(artifact: Path, folder: Path) -> None:
    """Unpack an inspected artifact into a new folder.

    `--touch` gives files the time of unpacking: artifacts hold one fixed time for all files, from
    which web servers would make one ETag for every release of a file of unchanged size.
    """
    folder.mkdir()
    pipe(
        ["zstd", "-dcq", artifact],
        ["tar", "-x", "--no-same-owner", "--no-same-permissions", "--touch", "-C", folder],
    )
