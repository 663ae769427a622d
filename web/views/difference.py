"""What a promotion or a rollback would change, from one release to another."""

import json
from collections.abc import Mapping
from difflib import unified_diff

from model.reading import Model
from releases.provenance import Material, Patch, Provenance
from web.views.artifact_contents import Contents, File

SHOWN = 200
"""How many files of each kind are listed by name; all are counted."""

FORGES = ("https://github.com/", "https://gitlab.com/")
"""Where `/compare/A...B` shows what lies between two commits."""


class Source(Model):
    """A repository at two commits; one is absent when it came or went."""

    into: str
    repository: str
    before: Material | None
    after: Material | None
    compare: str = ""
    """A page that shows the commits between them."""


class Text(Model):
    """A template or the description of how to run the release, as a unified diff."""

    name: str
    difference: str


class Changed(Model):
    """A file in both releases, or in one of them."""

    path: str
    before: int | None
    """Bytes."""
    after: int | None


class Files(Model):
    """Files of one kind of change."""

    count: int
    bytes: int
    """How much larger they make the release; negative when they make it smaller."""
    first: tuple[Changed, ...]


class Difference(Model):
    """From what is live to what would be."""

    before: str | None
    after: str
    upstream: Source
    overlays: tuple[Source, ...]
    """Overlays, submodules and forks that differ."""
    patches_added: tuple[Patch, ...]
    patches_removed: tuple[Patch, ...]
    patches_changed: tuple[Patch, ...]
    patches: int
    """How many there are afterwards."""
    configuration: tuple[Text, ...]
    migrations: tuple[str, ...]
    """Commands that run before the switch."""
    added: Files
    changed: Files
    removed: Files


class Side(Model):
    """One release as the store knows it."""

    provenance: Provenance
    contents: Contents


def difference(before: Side | None, after: Side, *, backwards: bool = False) -> Difference:
    """What changes; a rollback runs no migration."""
    old = before.provenance if before else None
    old_patches, new_patches = by_name(old), by_name(after.provenance)
    files = compared(before.contents.files if before else {}, after.contents.files)
    manifest = after.contents.manifest
    database = None if backwards else manifest.database
    migrate = (*(database.install if not before else ()), *database.migrate) if database else ()
    return Difference(
        before=old.digest if old else None,
        after=after.provenance.digest,
        upstream=sources(old, after.provenance)[0],
        overlays=tuple(s for s in sources(old, after.provenance)[1:] if s.before != s.after),
        patches_added=tuple(p for name, p in new_patches.items() if name not in old_patches),
        patches_removed=tuple(p for name, p in old_patches.items() if name not in new_patches),
        patches_changed=tuple(
            p
            for name, p in new_patches.items()
            if name in old_patches and old_patches[name].id != p.id
        ),
        patches=len(new_patches),
        configuration=texts(before.contents if before else None, after.contents),
        migrations=tuple(" ".join(command) for command in migrate),
        added=files["added"],
        changed=files["changed"],
        removed=files["removed"],
    )


def by_name(provenance: Provenance | None) -> dict[str, Patch]:
    return {patch.name: patch for patch in provenance.patches} if provenance else {}


def sources(before: Provenance | None, after: Provenance) -> list[Source]:
    """Every repository of the two, the upstream first."""
    old = {(m.into, m.repository): m for m in before.materials} if before else {}
    new = {(m.into, m.repository): m for m in after.materials}
    pairs = [(key, old.get(key), new.get(key)) for key in dict.fromkeys((*new, *old))]
    return [
        Source(into=into, repository=address, before=a, after=b, compare=compare(address, a, b))
        for (into, address), a, b in pairs
    ]


def compare(repository: str, before: Material | None, after: Material | None) -> str:
    known = repository.startswith(FORGES) and before and after
    if not known or not before or not after or before.commit == after.commit:
        return ""
    return f"{repository.removesuffix('.git')}/compare/{before.commit}...{after.commit}"


def texts(before: Contents | None, after: Contents) -> tuple[Text, ...]:
    """The templates that differ, and the manifest if it does."""
    old, new = (described(side) if side else {} for side in (before, after))
    names = sorted(old.keys() | new.keys())
    found = ((name, unified(name, old.get(name, ""), new.get(name, ""))) for name in names)
    return tuple(Text(name=name, difference=text) for name, text in found if text)


def described(side: Contents) -> dict[str, str]:
    manifest = json.dumps(side.manifest.model_dump(mode="json"), indent=2)
    return {**side.templates, "how it runs": manifest + "\n"}


def unified(name: str, before: str, after: str) -> str:
    sides = before.splitlines(keepends=True), after.splitlines(keepends=True)
    return "".join(unified_diff(*sides, name, name))


def compared(before: Mapping[str, File], after: Mapping[str, File]) -> dict[str, Files]:
    """The files that were added, changed and removed."""
    paths = sorted(before.keys() | after.keys())
    pairs = [(path, before.get(path), after.get(path)) for path in paths]
    kinds: dict[str, list[Changed]] = {"added": [], "changed": [], "removed": []}
    for path, old, new in pairs:
        if old != new:
            kind = "changed" if old and new else "added" if new else "removed"
            sizes = {"before": old.size if old else None, "after": new.size if new else None}
            kinds[kind].append(Changed(path=path, **sizes))
    return {
        kind: Files(
            count=len(found),
            bytes=sum((one.after or 0) - (one.before or 0) for one in found),
            first=tuple(found[:SHOWN]),
        )
        for kind, found in kinds.items()
    }
