"""Releases for the tests, packed and signed as a build does it."""

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from model.release import Digest
from releases.provenance import Material, Provenance, sign

TAR = (
    *("tar", "--sort=name", "--mtime=@1735689600", "--owner=0", "--group=0", "--numeric-owner"),
    *("--mode=u+rwX,go+rX,go-w", "--format=pax", "--pax-option=delete=atime,delete=ctime"),
)


@dataclass(frozen=True)
class Release:
    """A release's component, digest and files."""

    component: str
    digest: Digest
    artifact: Path
    provenance: Path


def pack(tree: Path) -> tuple[Digest, Path]:
    """The digest and the compressed artifact of a tree."""
    tar = tree.with_suffix(".tar")
    subprocess.run([*TAR, "-C", str(tree), "-cf", str(tar), "."], check=True)
    subprocess.run(["zstd", "-q", "-f", str(tar)], check=True)
    digest = subprocess.check_output(["sha256sum", str(tar)], text=True).split()[0]
    return digest, tar.with_suffix(".tar.zst")


def sign_release(component: str, digest: Digest, private_key: str) -> bytes:
    """The envelope with the release's provenance."""
    source = Material(repository="https://example.org/upstream.git", release="1.0", commit="0" * 40)
    provenance = Provenance(
        component=component,
        digest=digest,
        materials=(source,),
        patches=(),
        build="http://localhost/builds/1",
        worker="build",
        finished=datetime(2025, 1, 1, tzinfo=UTC),
    )
    return sign(provenance, private_key)
