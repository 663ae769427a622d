"""Which tags of a repository are releases, and in which order."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from model.component import Source

Key = tuple[tuple[int, int, str], ...]

CANDIDATES = {
    word: stage
    for stage, words in enumerate(
        ("dev nightly snapshot", "a alpha", "b beta", "ea m milestone", "pre preview", "c cr rc")
    )
    for word in words.split()
}
"""Words for what comes before a release, with their order."""

FIXES = {"build", "fix", "hotfix", "p", "patch", "pl", "post", "r", "rev", "sp", "u", "update"}
"""Words for what comes after a release."""

BEFORE, END, AFTER, NUMBER = range(4)
"""Where a part of a tag lies, when another tag ends or goes on there."""

PARTS = re.compile(r"\d+|[a-z]+|\+")


def parts_of(tag: str) -> list[str]:
    """The numbers and words of a tag; a prefix such as `v` or `release-` says nothing."""
    small = tag.lower()
    prefix = re.match(r"[^\d]*", small)
    words = PARTS.findall(prefix[0]) if prefix else []
    kept = [word for word in words if word in CANDIDATES and len(word) > 1]
    return kept + PARTS.findall(small[prefix.end() if prefix else 0 :])


def sort_key(tag: str) -> Key:
    """A sort key: numbers by value, `3.2rc10` before `3.2`, and `3.2a` and `3.2+build5` after."""
    parts = parts_of(tag)
    return (*(part_key(parts, place) for place in range(len(parts))), (END, 0, ""))


def part_key(parts: list[str], place: int) -> tuple[int, int, str]:
    part = parts[place]
    if part.isdigit():
        return NUMBER, int(part), ""
    if part == "+" or part in FIXES or is_letter_at_the_end(parts, place):
        return AFTER, 0, part
    return BEFORE, CANDIDATES.get(part, len(CANDIDATES)), part


def is_letter_at_the_end(parts: list[str], place: int) -> bool:
    """Whether a letter counts fixes: behind three numbers, as in OpenSSL's `1.0.2a`."""
    return place >= 3 and place == len(parts) - 1 and len(parts[place]) == 1


def is_unclear(tag: str) -> bool:
    """Whether people may disagree about what comes before a tag, and what after."""
    parts = parts_of(tag)
    metadata = parts.index("+") if "+" in parts else len(parts)
    words = [part for part in parts[:metadata] if not part.isdigit()]
    letter_at_the_end = bool(words) and len(parts[-1]) == 1 and parts[-1] == words[-1]
    return letter_at_the_end or not all(part in CANDIDATES or part in FIXES for part in words)


def all_releases(source: Source, tags: Iterable[str]) -> list[str]:
    """The tags that are releases, oldest first."""
    releases = (tag for tag in tags if re.search(source.tags, tag))
    return sorted(releases, key=lambda tag: (sort_key(tag), tag))


def followed_releases(source: Source, tags: Iterable[str]) -> list[str]:
    """The tags that this source follows, oldest first."""
    series = source.release
    return [tag for tag in all_releases(source, tags) if series and fnmatchcase(tag, series)]


def order_remark(releases: list[str]) -> str:
    """A sentence when it is unclear whether the last of some tags is the newest; else empty."""
    last = releases[-2:]
    if len(last) < 2 or not any(map(is_unclear, last)):
        return ""
    before, newest = last
    return f"{newest} counts as newer than {before}, which is unclear: name one as 'release'"
