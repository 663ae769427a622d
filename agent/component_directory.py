"""A component's folder on a server: releases, shared files, and the links that choose one."""

import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from agent.commands import run
from agent.failure import Failure
from agent.journal import Journal
from agent.server import Server
from model.release import FOLDER, SHORT, Digest, EnvironmentContext, Manifest

CURRENT = "current"
NEXT = "next"
BACKUPS = "backups"


@dataclass(frozen=True)
class ComponentDirectory:
    """`<srv>/<component>` and what lies in it."""

    server: Server
    component: str

    @property
    def folder(self) -> Path:
        return self.server.srv / self.component

    @property
    def releases(self) -> Path:
        return self.folder / "releases"

    @property
    def shared(self) -> Path:
        return self.folder / "shared"

    @property
    def backups(self) -> Path:
        return self.shared / BACKUPS

    @property
    def journal(self) -> Journal:
        return Journal(self.folder / "journal.jsonl")

    @property
    def live(self) -> Digest | None:
        link = self.folder / CURRENT
        return link.readlink().name if link.is_symlink() else None

    def create(self) -> None:
        self.releases.mkdir(parents=True, exist_ok=True)
        self.shared.mkdir(exist_ok=True)
        # Other components may have accounts of their own here.
        self.backups.mkdir(mode=0o700, exist_ok=True)

    def release(self, digest: Digest) -> Path:
        return self.releases / digest

    def draft(self, digest: Digest) -> Path:
        """Where a release is put together, beside those that are whole."""
        return self.releases / f".tmp-{digest}"

    def present(self) -> list[Digest]:
        """The whole releases here, those that were live last first, then those that never were."""
        made_live = [
            event.digest for event in self.journal.events() if event.event in ("live", "proved")
        ]
        rank = {digest: number for number, digest in enumerate(made_live)}
        found = [path.name for path in self.releases.iterdir() if not path.name.startswith(".")]
        return sorted(found, key=lambda digest: rank.get(digest, -1), reverse=True)

    def manifest(self, digest: Digest) -> Manifest:
        """Raises Failure when the release is not here."""
        if not self.release(digest).is_dir():
            raise Failure(f"release {digest[:SHORT]} of {self.component} is not on this server")
        return read_manifest(self.release(digest), self.component)

    def context(self) -> EnvironmentContext:
        context = self.journal.context()
        if not context:
            raise Failure(f"{self.component} was never prepared on this server")
        return context

    def point(self, name: str, digest: Digest) -> None:
        """Make a link mean this release, from one moment to the next: rename(2)."""
        link = self.folder / f".{name}"
        link.unlink(missing_ok=True)
        link.symlink_to(Path("releases") / digest)
        link.rename(self.folder / name)

    def unpoint(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)

    def clean(self) -> None:
        """Remove what an unfinished deployment leaves lying about."""
        self.unpoint(NEXT)
        for draft in self.releases.glob(".tmp-*"):
            remove(draft)
        for backup in self.backups.glob(".tmp-*"):
            backup.unlink()

    def prune(self, keep: int, *spared: Digest | None) -> None:
        """Remove releases beyond the `keep` last ones; those still answering requests stay."""
        for digest in self.present()[keep:]:
            if digest not in spared:
                # Renamed first: what a kill leaves half removed must not look like a release.
                self.release(digest).rename(self.draft(digest))
                remove(self.draft(digest))


def remove(tree: Path) -> None:
    """Remove a tree whose folders may be read-only."""
    run(["chmod", "-R", "u+w", tree])
    run(["rm", "-rf", tree])


def seal(tree: Path) -> None:
    """Make a tree read-only, so that what was verified stays what is served."""
    run(["chmod", "-R", "a-w", tree])


def read_manifest(release: Path, component: str) -> Manifest:
    """Raises Failure when the manifest is missing, damaged, or another component's."""
    path = Path(FOLDER) / "manifest.json"
    try:
        manifest = Manifest.model_validate_json((release / path).read_bytes())
    except FileNotFoundError:
        raise Failure(f"{path} is missing in the artifact") from None
    except ValidationError as invalid:
        mistake = invalid.errors()[0]
        where = ".".join(str(part) for part in mistake["loc"])
        raise Failure(f"{path}: key '{where}': {mistake['msg']}") from None
    if manifest.component != component:
        raise Failure(f"{path} is of component {manifest.component}, not of {component}")
    return manifest


def write(path: Path, text: str, mode: int, owner: int = -1) -> None:
    """Write a file so that it is either the old one or the new one, never half of it.

    Owner -1 is whoever writes, as for chown(2).
    """
    draft = path.with_name(f".{path.name}.tmp")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fchown(descriptor, owner, owner)
        os.fsync(file.fileno())
    draft.rename(path)
