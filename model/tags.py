"""Which tags of a repository are releases, and which of them is the newest."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from model.component import Source

Key = tuple[tuple[int, int | str], ...]


def order(tag: str) -> Key:
    """A sort key: numbers by value, and `3.2rc10` before `3.2` before `3.2.1`."""
    parts = re.findall(r"\d+|[A-Za-z]+", tag.removeprefix("v"))
    return (*((2, int(part)) if part.isdigit() else (0, part) for part in parts), (1, 0))


def released(source: Source, tags: Iterable[str]) -> list[str]:
    """The tags that are releases at all, oldest first."""
    return sorted((tag for tag in tags if re.search(source.tags, tag)), key=order)


def releases(source: Source, tags: Iterable[str]) -> list[str]:
    """The tags that this source follows, oldest first."""
    series = source.release
    return [tag for tag in released(source, tags) if series and fnmatchcase(tag, series)]
