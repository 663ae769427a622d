"""A component's directory on a server: its releases, its shared files, its journal and two links.

- `releases/<digest>/`: a release, read-only.
- `shared/`: uploads, `database.json` and `backups/`, which outlive releases.
- `current`: the link to the live release. A switch replaces it.
- `next`: the link to the release that `check` requests, through the edge's preview socket.
- `journal.jsonl`: what was done here (`agent/journal.py`).
- `.lock`: held while a verb runs (`agent/lock.py`).
"""

import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from agent.commands import run
from agent.errors import AgentError
from agent.journal import Journal
from agent.server import Server
from model.release import METADATA_FOLDER, SHORT, Digest, EnvironmentContext, Manifest

CURRENT = "current"
NEXT = "next"
BACKUPS = "backups"


@dataclass(frozen=True)
class ComponentDirectory:
    """`<srv>/<component>` and its contents."""

    server: Server
    component: str

    @property
    def path(self) -> Path:
        return self.server.srv / self.component

    @property
    def releases(self) -> Path:
        return self.path / "releases"

    @property
    def shared(self) -> Path:
        return self.path / "shared"

    @property
    def backups(self) -> Path:
        return self.shared / BACKUPS

    @property
    def journal(self) -> Journal:
        return Journal(self.path / "journal.jsonl")

    @property
    def live(self) -> Digest | None:
        link = self.path / CURRENT
        return link.readlink().name if link.is_symlink() else None

    def create(self) -> None:
        self.releases.mkdir(parents=True, exist_ok=True)
        self.shared.mkdir(exist_ok=True)
        # The accounts of other components may enter `shared`.
        self.backups.mkdir(mode=0o700, exist_ok=True)

    def release(self, digest: Digest) -> Path:
        return self.releases / digest

    def draft(self, digest: Digest) -> Path:
        """Where a release is built up, before it is renamed to its digest."""
        return self.releases / f".tmp-{digest}"

    def installed_digests(self) -> list[Digest]:
        """The complete releases: the one that was live last comes first, never live ones last."""
        live_order = [
            event.digest for event in self.journal.events() if event.event in ("live", "proved")
        ]
        rank = {digest: number for number, digest in enumerate(live_order)}
        digests = [path.name for path in self.releases.iterdir() if not path.name.startswith(".")]
        return sorted(digests, key=lambda digest: rank.get(digest, -1), reverse=True)

    def manifest(self, digest: Digest) -> Manifest:
        """Raises AgentError when the release is not installed."""
        if not self.release(digest).is_dir():
            raise AgentError(f"release {digest[:SHORT]} of {self.component} is not on this server")
        return read_manifest(self.release(digest), self.component)

    def context(self) -> EnvironmentContext:
        """That of the last preparation, without secrets; raises AgentError when there was none."""
        context = self.journal.context()
        if not context:
            raise AgentError(f"{self.component} was never prepared on this server")
        return context

    def set_link(self, name: str, digest: Digest) -> None:
        """Point a link at a release, atomically: rename(2)."""
        draft = self.path / f".{name}"
        draft.unlink(missing_ok=True)
        draft.symlink_to(Path("releases") / digest)
        draft.rename(self.path / name)

    def remove_link(self, name: str) -> None:
        (self.path / name).unlink(missing_ok=True)

    def remove_leftovers(self) -> None:
        """Remove the link and the temporary files of an unfinished deployment."""
        self.remove_link(NEXT)
        for draft in self.releases.glob(".tmp-*"):
            remove_tree(draft)
        for backup in self.backups.glob(".tmp-*"):
            backup.unlink()

    def prune(self, keep: int, *protected: Digest | None) -> None:
        """Remove all releases but the `keep` newest ones and the protected ones."""
        for digest in self.installed_digests()[keep:]:
            if digest not in protected:
                # Renamed first: a half removed release must not look complete after a kill.
                self.release(digest).rename(self.draft(digest))
                remove_tree(self.draft(digest))


def remove_tree(tree: Path) -> None:
    """Remove a tree whose folders may be read-only."""
    run(["chmod", "-R", "u+w", tree])
    run(["rm", "-rf", tree])


def make_read_only(tree: Path) -> None:
    """Keep a verified tree unchanged while it is served."""
    run(["chmod", "-R", "a-w", tree])


def read_manifest(release: Path, component: str) -> Manifest:
    """Raises AgentError when the manifest is missing, damaged, or another component's."""
    path = Path(METADATA_FOLDER) / "manifest.json"
    try:
        manifest = Manifest.model_validate_json((release / path).read_bytes())
    except FileNotFoundError:
        raise AgentError(f"{path} is missing in the artifact") from None
    except ValidationError as error:
        details = error.errors()[0]
        key = ".".join(str(part) for part in details["loc"])
        raise AgentError(f"{path}: key '{key}': {details['msg']}") from None
    if manifest.component != component:
        raise AgentError(f"{path} is of component {manifest.component}, not of {component}")
    return manifest


def write_atomically(path: Path, text: str, mode: int, owner: int = -1) -> None:
    """Write a file so that a reader gets either the old text or the new one, also after a crash.

    Owner -1 keeps the account of this process, as in chown(2).
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
