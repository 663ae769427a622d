"""What the master answers about the difference of two releases; `releases/` defines it."""

from typing import TypedDict


class Material(TypedDict):
    """A repository at one commit."""

    release: str
    commit: str


class Source(TypedDict):
    """A repository at two commits."""

    into: str
    before: Material | None
    after: Material | None
    compare: str


class Patch(TypedDict):
    """One of our changes."""

    subject: str
    author: str


class Text(TypedDict):
    """A template or the description of how to run the release, as a unified diff."""

    name: str
    difference: str


class Changed(TypedDict):
    """A file, with its bytes in each of the two."""

    path: str
    before: int | None
    after: int | None


class Files(TypedDict):
    """Files of one kind of change."""

    count: int
    bytes: int
    first: list[Changed]


class Difference(TypedDict):
    """From what is live to what would be."""

    upstream: Source
    overlays: list[Source]
    patches_added: list[Patch]
    patches_removed: list[Patch]
    patches_changed: list[Patch]
    patches: int
    configuration: list[Text]
    migrations: list[str]
    added: Files
    changed: Files
    removed: Files
