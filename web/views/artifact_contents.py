"""What is in an artifact: every file with its size and digest, and the texts that we added."""

import hashlib
import tarfile
from collections.abc import Collection
from pathlib import Path

import zstandard
from twisted.python import log

from model.reading import Model
from model.release import METADATA_FOLDER, Manifest
from releases.store import Store, write_problem

MANIFEST = f"{METADATA_FOLDER}/manifest.json"
NAMES = ("utf-8", "surrogateescape")
"""How names in an archive, which are bytes, become text and bytes again."""
TEMPLATES = f"{METADATA_FOLDER}/templates/"


class File(Model):
    """A file of a release."""

    size: int
    """Bytes."""
    digest: str
    """The beginning of its SHA-256; of a link, its target."""


class ArtifactContents(Model):
    """What one artifact holds."""

    files: dict[str, File]
    """By path; what Slipway added is not among them."""
    templates: dict[str, str]
    """The text of each template, by the path of what it becomes."""
    manifest: Manifest


def contents(store: Store, digest: str) -> ArtifactContents:
    """Read once, then kept beside the artifact; raises FileNotFoundError when that is gone.

    Takes seconds for a large artifact: call it in a thread. On a full disk it is read each time.
    """
    cached = store.contents(digest)
    if cached.exists():
        return ArtifactContents.model_validate_json(cached.read_bytes())
    result = read_artifact(store.artifact(digest))
    draft = store.incoming(f"{digest}.contents.json")
    try:
        draft.write_text(result.model_dump_json())
        draft.rename(cached)
    except OSError as error:
        draft.unlink(missing_ok=True)
        log.msg(f"the list of files in {digest} is not kept: {write_problem(error, draft)}")
    return result


def readable_name(name: str, others: Collection[str]) -> str:
    """A file's name as text, in which any byte that is not UTF-8 is replaced.

    Two names may differ in such bytes only: the second one gets one more character.
    """
    readable = name.encode(*NAMES).decode(errors="replace")
    while readable != name and readable in others:
        readable += "\N{REPLACEMENT CHARACTER}"
    return readable


def read_artifact(artifact: Path) -> ArtifactContents:
    files: dict[str, File] = {}
    ours: dict[str, str] = {}
    with (
        artifact.open("rb") as packed,
        zstandard.ZstdDecompressor().stream_reader(packed) as stream,
        tarfile.open(fileobj=stream, mode="r|", encoding=NAMES[0], errors=NAMES[1]) as tar,
    ):
        for member in tar:
            opened = tar.extractfile(member) if member.isfile() else None
            content = opened.read() if opened else member.linkname.encode(*NAMES)
            if member.name.startswith(f"{METADATA_FOLDER}/"):
                ours[member.name] = content.decode("utf-8", "replace")
            elif not member.isdir():
                digest = hashlib.sha256(content).hexdigest()[:16]
                files[readable_name(member.name, files)] = File(size=len(content), digest=digest)
    templates = {
        name.removeprefix(TEMPLATES).removesuffix(".j2"): text
        for name, text in ours.items()
        if name.startswith(TEMPLATES)
    }
    manifest = Manifest.model_validate_json(ours[MANIFEST])
    return ArtifactContents(files=files, templates=templates, manifest=manifest)
