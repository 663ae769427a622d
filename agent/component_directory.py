"""A component's directory on a server: its instances, its shared files, its journal and two links.

- `releases/<digest>-<deployment>/`: an instance, that is a release with one configuration,
  read-only.
- `logins/`: how each instance reaches the database (`agent/database.py`).
- `shared/`: uploads and `backups/`, which outlive releases.
- `current`: the link to the live instance. A switch replaces it.
- `next`: the link to the instance that is checked, through the edge's preview socket.
- `read-only`: exists while visitors may only read (`agent/read_only.py`).
- `journal.jsonl`: what was done here (`agent/journal.py`).
- `.lock`: held while a verb runs (`agent/lock.py`).
- `.reserve`: room on the disk for undoing a deployment (`agent/disk.py`); the disk of the database
  has such a file too.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from agent.commands import run
from agent.disk import Reserve, writing
from agent.errors import AgentError
from agent.instance import Instance
from agent.journal import Journal
from agent.server import Server
from model.release import METADATA_FOLDER, SHORT, Digest, EnvironmentContext, Manifest

CURRENT = "current"
NEXT = "next"
BACKUPS = "backups"
READ_ONLY = "read-only"

KEPT_CONFIGURATIONS = 2
"""How many instances of a release stay, if the release itself does."""


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
    def logins(self) -> Path:
        return self.path / "logins"

    @property
    def journal(self) -> Journal:
        return Journal(self.path / "journal.jsonl", self.reserve)

    @property
    def reserve(self) -> Reserve:
        state = (self.server.state / f".reserve-{self.component}",)
        return Reserve((self.path / ".reserve", *(state if self.server.database else ())))

    @property
    def live_instance(self) -> Instance | None:
        link = self.path / CURRENT
        return Instance.from_name(link.readlink().name) if link.is_symlink() else None

    @property
    def live(self) -> Digest | None:
        """The live release."""
        instance = self.live_instance
        return instance.digest if instance else None

    def create(self) -> None:
        self.releases.mkdir(parents=True, exist_ok=True)
        self.shared.mkdir(exist_ok=True)
        # The accounts of other components may enter `shared`.
        for folder in (self.backups, self.logins):
            folder.mkdir(mode=0o700, exist_ok=True)

    def tree(self, instance: Instance) -> Path:
        """The folder of an instance."""
        return self.draft(instance) if instance.is_copy else self.releases / instance.name

    def draft(self, instance: Instance) -> Path:
        """Where an instance is built up, before its folder is renamed."""
        return self.releases / f".tmp-{instance.name}"

    def instances(self) -> list[Instance]:
        """The complete instances: the one that was live last comes first, never live ones last."""
        paths = self.releases.glob("[!.]*")
        rank = {instance: number for number, instance in enumerate(self.journal.live_instances())}
        return sorted(
            (Instance.from_name(path.name) for path in paths),
            key=lambda instance: (rank.get(instance, len(rank)), instance.name),
        )

    def instances_of(self, digest: Digest) -> list[Instance]:
        """The instances of a release, the one that was live last first."""
        return [instance for instance in self.instances() if instance.digest == digest]

    def installed_digests(self) -> list[Digest]:
        """The installed releases, in the order of `instances`."""
        return list(dict.fromkeys(instance.digest for instance in self.instances()))

    def require_instance(self, digest: Digest) -> Instance:
        """The instance of a release that was live last; raises AgentError without any."""
        instances = self.instances_of(digest) if self.releases.is_dir() else []
        if not instances:
            raise AgentError(f"release {digest[:SHORT]} of {self.component} is not on this server")
        return instances[0]

    def new_instance(self, digest: Digest, deployment: int | None) -> Instance:
        """An instance whose name none had before: PHP caches files by their paths."""
        used = {e.configuration for e in self.journal.events() if e.digest == digest}
        numbers = [int(number) for number in used if number.isdigit()]
        if deployment and str(deployment) not in used:
            return Instance(digest, str(deployment))
        return Instance(digest, str(max(numbers, default=0) + 1))

    def manifest(self, instance: Instance) -> Manifest:
        """Raises AgentError when the manifest is missing or damaged."""
        return read_manifest(self.tree(instance), self.component)

    def context(self) -> EnvironmentContext:
        """That of the last preparation, without secrets; raises AgentError when there was none."""
        context = self.journal.context()
        if not context:
            raise AgentError(f"{self.component} was never prepared on this server")
        return context

    def set_link(self, name: str, instance: Instance) -> None:
        """Point a link at an instance, atomically: rename(2)."""
        draft = self.path / f".{name}"
        draft.unlink(missing_ok=True)
        draft.symlink_to(Path("releases") / self.tree(instance).name)
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

    def prune(self, keep: int, *protected: Instance | None) -> list[Instance]:
        """Remove all but the `keep` newest releases and the protected instances; those removed."""
        instances = self.instances()
        newest = list(dict.fromkeys(instance.digest for instance in instances))[:keep]
        kept = {
            instance
            for digest in newest
            for instance in [i for i in instances if i.digest == digest][:KEPT_CONFIGURATIONS]
        }
        removed = [i for i in instances if i not in kept and i not in protected]
        for instance in removed:
            # Renamed first: a half removed release must not look complete after a kill.
            self.tree(instance).rename(self.draft(instance))
            remove_tree(self.draft(instance))
        return removed


def remove_tree(tree: Path) -> None:
    """Remove a tree with read-only folders; other instances may have hard links to its files."""
    make_folders_writable(tree)
    run(["rm", "-rf", tree])


def make_folders_writable(tree: Path) -> None:
    run(["find", tree, "-type", "d", "-exec", "chmod", "u+w", "{}", "+"])


def make_read_only(tree: Path) -> None:
    """Keep a verified tree unchanged while it is served."""
    run(["chmod", "-R", "a-w", tree])


def link_tree(source: Path, target: Path) -> None:
    """Copy a read-only tree as hard links to its files; the copy's folders can be written."""
    if target.exists():
        remove_tree(target)
    with writing(target):
        run(["cp", "--archive", "--link", "--no-target-directory", source, target])
    make_folders_writable(target)


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


def write_atomically(path: Path, text: str, mode: int) -> None:
    """Write a file so that a reader gets either the old text or the new one, also after a crash."""
    draft = path.with_name(f".{path.name}.tmp")
    draft.unlink(missing_ok=True)
    try:
        with writing(path):
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
