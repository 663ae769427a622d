"""What a server refuses before it unpacks anything."""

import io
import tarfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from tarfile import BLKTYPE, CHRTYPE, DIRTYPE, FIFOTYPE, GNUTYPE_SPARSE, LNKTYPE, REGTYPE, SYMTYPE

import pytest
import zstandard

from agent.artifact import verify_artifact, verify_provenance
from agent.errors import AgentError
from tests.agent import applications
from tests.agent.server_fixture import ServerFixture
from tests.agent.server_setup import create_server


def member(name: str, kind: bytes = REGTYPE, link: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    create = tarfile.TarInfo(name)
    create.type, create.linkname, create.mode = kind, link, mode
    return create


def pack_members(folder: Path, members: Sequence[tarfile.TarInfo]) -> tuple[Path, str]:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for each in members:
            archive.addfile(each)
    path = folder / "release.tar.zst"
    path.write_bytes(zstandard.compress(buffer.getvalue()))
    return path, sha256(buffer.getvalue()).hexdigest()


REFUSED = {
    "an absolute path": ([member("/etc/passwd")], "is an absolute path"),
    "dots": ([member("a/../../b")], "holds '..'"),
    "dots at the end": ([member("a/..", DIRTYPE)], "holds '..'"),
    "an absolute link": ([member("a", SYMTYPE, "/etc")], "out of the tree"),
    "a link above the tree": ([member("a/b", SYMTYPE, "../../c")], "out of the tree"),
    "a link by way of another": (
        [member("a/b/up", SYMTYPE, "../.."), member("out", SYMTYPE, "a/b/up/..")],
        "out of the tree",
    ),
    "a path through a link": (
        [member("a", SYMTYPE, "b"), member("a/c")],
        "lies behind a, which is no folder",
    ),
    "a path through a file": ([member("a"), member("a/c")], "lies behind a"),
    "a link in a folder's place": ([member("a/b"), member("a", SYMTYPE, "c")], "is a folder too"),
    "a hard link out": ([member("a", LNKTYPE, "../b")], "is a hard link"),
    "a hard link to a link": (
        [member("a", SYMTYPE, "b"), member("c", LNKTYPE, "a")],
        "is a hard link",
    ),
    "a character device": ([member("null", CHRTYPE)], "neither file, folder nor link"),
    "a block device": ([member("sda", BLKTYPE)], "neither file, folder nor link"),
    "a fifo": ([member("queue", FIFOTYPE)], "neither file, folder nor link"),
    "a sparse file": ([member("hole", GNUTYPE_SPARSE)], "neither file, folder nor link"),
    "setuid": ([member("su", mode=0o4755)], "setuid"),
    "setgid": ([member("folder", DIRTYPE, mode=0o2755)], "setuid, setgid"),
    "a name twice": ([member("a"), member("./a")], "is there twice"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_member_that_could_do_harm_is_refused(case: str, tmp_path: Path) -> None:
    members, why = REFUSED[case]
    artifact, digest = pack_members(tmp_path, members)
    with pytest.raises(AgentError, match=r"refused before unpacking") as refused:
        verify_artifact(artifact, digest)
    assert why in str(refused.value)


def test_links_that_stay_inside_the_tree_are_accepted(tmp_path: Path) -> None:
    members = [
        member(".", DIRTYPE),
        member("a/b/c", SYMTYPE, "../../d"),
        member("d"),
        member("e", LNKTYPE, "d"),
        member("f", SYMTYPE, "./a/b"),
    ]
    assert verify_artifact(*pack_members(tmp_path, members)).files == 2


def test_bytes_with_another_digest_are_refused(tmp_path: Path) -> None:
    artifact, digest = pack_members(tmp_path, [member("a")])
    with pytest.raises(AgentError, match=f"its digest is {digest}, not {'0' * 64}"):
        verify_artifact(artifact, "0" * 64)


@pytest.mark.parametrize("length", [0, 3, 40, -1])
def test_an_artifact_that_was_cut_short_is_refused(length: int, tmp_path: Path) -> None:
    artifact, digest = pack_members(tmp_path, [member(f"file-{number}") for number in range(99)])
    artifact.write_bytes(artifact.read_bytes()[:length])
    with pytest.raises(AgentError, match=r"cut short or damaged|its digest is"):
        verify_artifact(artifact, digest)


@pytest.fixture
def server(tmp_path: Path) -> ServerFixture:
    return create_server(tmp_path, applications.COMPONENTS)


def test_provenance_must_be_signed_by_our_key(server: ServerFixture) -> None:
    release = applications.specs(server, "one")
    stranger = applications.specs(server, "two")
    key = server.settings.public_key
    verify_provenance(release.provenance, key, "specs", release.digest)
    with pytest.raises(AgentError, match="is of digest"):
        verify_provenance(stranger.provenance, key, "specs", release.digest)
    with pytest.raises(AgentError, match="is of component specs, not blog"):
        verify_provenance(release.provenance, key, "blog", release.digest)
    release.provenance.write_bytes(release.provenance.read_bytes().replace(b"sig", b"gis"))
    with pytest.raises(AgentError, match="signature"):
        verify_provenance(release.provenance, key, "specs", release.digest)
