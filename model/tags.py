"""Which tags of a repository are releases, and in which order."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from model.component import Source

Key = tuple[tuple[int, int | str], ...]


def sort_key(tag: str) -> Key:
    """A sort key: numbers by value, and `3.2rc10` before `3.2` before `3.2.1`."""
    parts = re.findall(r"\d+|[A-Za-z]+", tag.removeprefix("v"))
    return (*((2, int(part)) if part.isdigit() else (0, part) for part in parts), (1, 0))


def all_releases(source: Source, tags: Iterable[str]) -> list[str]:
    """The tags that are releases, oldest first."""
    return sorted((tag for tag in tags if re.search(source.tags, tag)), key=sort_key)


def followed_releases(source: Source, tags: Iterable[str]) -> list[str]:
    """The tags that this source follows, oldest first."""
    series = source.release
    return [tag for tag in all_releases(source, tags) if series and fnmatchcase(tag, series)]
