"""Names, numbers and moments as people read them."""

import re
import unicodedata
from datetime import datetime
from typing import Any

from cli.shapes import Freeze, Release

SHORT = 12
AROUND = re.compile(r"^(build successful|failed) ")
UNITS = (("day", 86400), ("hour", 3600), ("minute", 60))
DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that reorder what a terminal shows, https://trojansource.codes/."""


def harmless(said: Any) -> Any:
    """An answer without the characters that a terminal would obey."""
    if isinstance(said, str):
        return "".join(c for c in said if c in "\n\t" or not run_verb(c))
    if isinstance(said, list):
        return [harmless(one) for one in said]
    if isinstance(said, dict):
        return {harmless(name): harmless(value) for name, value in said.items()}
    return said


def run_verb(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") or character in DIRECTIONS


def line(text: str) -> str:
    """A text on one line, so that it cannot pose as another one."""
    return " ".join(text.split())


def sentence(said: str) -> str:
    """What a build said, without the words that Buildbot puts around it."""
    return line(AROUND.sub("", said).replace(" (failure)", ""))


def short(digest: str) -> str:
    return digest[:SHORT]


def plural(count: int, noun: str) -> str:
    many = f"{noun}es" if noun.endswith("ch") else f"{noun}s"
    return f"{count} {noun if count == 1 else many}"


def named(release: Release) -> str:
    """A release in words: what upstream calls it, our patches, its digest."""
    patches = f" + {plural(release['patches'], 'patch')}" if release["patches"] else ""
    return line(f"{release['upstream'] or 'forgotten'}{patches} {short(release['digest'])}")


def seconds(since: str, until: str) -> float:
    return (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds()


def ago(when: str, now: str) -> str:
    passed = seconds(when, now)
    for unit, length in UNITS:
        if passed >= length:
            return f"{plural(int(passed // length), unit)} ago"
    return "just now"


def moment(when: str) -> str:
    """In the reader's own time zone."""
    return f"{datetime.fromisoformat(when).astimezone():%Y-%m-%d %H:%M}"


def duration(passed: float) -> str:
    if passed < 60:
        return f"{max(1, round(passed))} s"
    return f"{round(passed / 60)} min" if passed < 3600 else f"{passed / 3600:.1f} h"


def size(count: int) -> str:
    if abs(count) < 1000:
        return f"{count} B"
    return f"{count / 1e3:.1f} kB" if abs(count) < 1e6 else f"{count / 1e6:.1f} MB"


def frozen(freeze: Freeze) -> str:
    until = f" until {moment(freeze['until'])}" if freeze["until"] else ""
    return line(f"frozen{until} by {freeze['owner']}: {freeze['reason']}")
