"""What a promotion or a rollback would change, from one release to another."""

import json
from collections.abc import Mapping
from difflib import unified_diff

from model.reading import Model
from releases.provenance import Material, Patch, Provenance
from web.views.artifact_contents import ArtifactContents, File

SHOWN = 200
"""How many files of each kind are listed by name; all are counted."""

FORGES = ("https://github.com/", "https://gitlab.com/")
"""Where `/compare/A...B` shows what lies between two commits."""


class SourceChange(Model):
    """A repository at two commits; one is absent when the repository was added or removed."""

    into: str
    repository: str
    before: Material | None
    after: Material | None
    compare: str = ""
    """A page that shows the commits between them."""


class TextChange(Model):
    """A template or the description of how to run the release, as a unified diff."""

    name: str
    difference: str


class FileChange(Model):
    """A file in both releases, or in one of them."""

    path: str
    before: int | None
    """Bytes."""
    after: int | None


class FileChanges(Model):
    """The files of an artifact that were added, changed or removed."""

    count: int
    bytes: int
    """How much larger they make the release; negative when they make it smaller."""
    first: tuple[FileChange, ...]


class Difference(Model):
    """What changes from the live release to another one."""

    before: str | None
    after: str
    upstream: SourceChange
    overlays: tuple[SourceChange, ...]
    """Overlays, submodules and forks that differ."""
    patches_added: tuple[Patch, ...]
    patches_removed: tuple[Patch, ...]
    patches_changed: tuple[Patch, ...]
    patches: int
    """The number of patches afterwards."""
    configuration: tuple[TextChange, ...]
    migrations: tuple[str, ...]
    """Commands that run before the switch."""
    added: FileChanges
    changed: FileChanges
    removed: FileChanges


class StoredRelease(Model):
    """One release, as it is in the store."""

    provenance: Provenance
    contents: ArtifactContents


def difference(
    before: StoredRelease | None, after: StoredRelease, *, backwards: bool = False
) -> Difference:
    """What changes; a rollback runs no migration."""
    old = before.provenance if before else None
    old_patches, new_patches = by_name(old), by_name(after.provenance)
    files = file_changes(before.contents.files if before else {}, after.contents.files)
    manifest = after.contents.manifest
    database = None if backwards else manifest.database
    migrate = (*(database.install if not before else ()), *database.migrate) if database else ()
    return Difference(
        before=old.digest if old else None,
        after=after.provenance.digest,
        upstream=source_changes(old, after.provenance)[0],
        overlays=tuple(s for s in source_changes(old, after.provenance)[1:] if s.before != s.after),
        patches_added=tuple(p for name, p in new_patches.items() if name not in old_patches),
        patches_removed=tuple(p for name, p in old_patches.items() if name not in new_patches),
        patches_changed=tuple(
            p
            for name, p in new_patches.items()
            if name in old_patches and old_patches[name].id != p.id
        ),
        patches=len(new_patches),
        configuration=text_changes(before.contents if before else None, after.contents),
        migrations=tuple(" ".join(command) for command in migrate),
        added=files["added"],
        changed=files["changed"],
        removed=files["removed"],
    )


def by_name(provenance: Provenance | None) -> dict[str, Patch]:
    return {patch.name: patch for patch in provenance.patches} if provenance else {}


def source_changes(before: Provenance | None, after: Provenance) -> list[SourceChange]:
    """Every repository of the two releases, the upstream first."""
    old = {(m.into, m.repository): m for m in before.materials} if before else {}
    new = {(m.into, m.repository): m for m in after.materials}
    pairs = [(key, old.get(key), new.get(key)) for key in dict.fromkeys((*new, *old))]
    return [
        SourceChange(
            into=into, repository=address, before=a, after=b, compare=compare_url(address, a, b)
        )
        for (into, address), a, b in pairs
    ]


def compare_url(repository: str, before: Material | None, after: Material | None) -> str:
    if not repository.startswith(FORGES) or not before or not after:
        return ""
    if before.commit == after.commit:
        return ""
    return f"{repository.removesuffix('.git')}/compare/{before.commit}...{after.commit}"


def text_changes(
    before: ArtifactContents | None, after: ArtifactContents
) -> tuple[TextChange, ...]:
    """The templates that differ, and the manifest if it does."""
    old, new = (texts(contents) if contents else {} for contents in (before, after))
    names = sorted(old.keys() | new.keys())
    diffs = ((name, unified(name, old.get(name, ""), new.get(name, ""))) for name in names)
    return tuple(TextChange(name=name, difference=diff) for name, diff in diffs if diff)


def texts(contents: ArtifactContents) -> dict[str, str]:
    manifest = json.dumps(contents.manifest.model_dump(mode="json"), indent=2)
    return {**contents.templates, "how it runs": manifest + "\n"}


def unified(name: str, before: str, after: str) -> str:
    sides = before.splitlines(keepends=True), after.splitlines(keepends=True)
    return "".join(unified_diff(*sides, name, name))


def file_changes(before: Mapping[str, File], after: Mapping[str, File]) -> dict[str, FileChanges]:
    """The files that were added, changed and removed."""
    paths = sorted(before.keys() | after.keys())
    pairs = [(path, before.get(path), after.get(path)) for path in paths]
    kinds: dict[str, list[FileChange]] = {"added": [], "changed": [], "removed": []}
    for path, old, new in pairs:
        if old != new:
            kind = "changed" if old and new else "added" if new else "removed"
            sizes = {"before": old.size if old else None, "after": new.size if new else None}
            kinds[kind].append(FileChange(path=path, **sizes))
    return {
        kind: FileChanges(
            count=len(changes),
            bytes=sum((change.after or 0) - (change.before or 0) for change in changes),
            first=tuple(changes[:SHOWN]),
        )
        for kind, changes in kinds.items()
    }
