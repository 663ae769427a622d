"""Names, numbers and times as people read them."""

import re
import unicodedata
from datetime import datetime
from typing import Any

from cli.answers import Freeze, Release

SHORT = 12
"""Characters of a digest that are shown."""
BUILDBOT_PREFIX = re.compile(r"^(build successful|failed) ")
UNITS = (("day", 86400), ("hour", 3600), ("minute", 60))
BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that reorder what a terminal shows, https://trojansource.codes/."""


def without_control_characters(value: Any) -> Any:
    """JSON without the characters that a terminal would obey."""
    if isinstance(value, str):
        return "".join(c for c in value if c in "\n\t" or not is_control(c))
    if isinstance(value, list):
        return [without_control_characters(item) for item in value]
    if isinstance(value, dict):
        return {
            without_control_characters(key): without_control_characters(item)
            for key, item in value.items()
        }
    return value


def is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") or character in BIDI_CONTROLS


def one_line(text: str) -> str:
    """A text on one line, so that it cannot look like several."""
    return " ".join(text.split())


def build_sentence(state_string: str) -> str:
    """A build's own sentence, without the words that Buildbot puts around it."""
    return one_line(BUILDBOT_PREFIX.sub("", state_string).replace(" (failure)", ""))


def short(digest: str) -> str:
    return digest[:SHORT]


def plural(count: int, noun: str) -> str:
    if count == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{count} {noun[:-1]}ies"
    return f"{count} {noun}{'es' if noun.endswith('ch') else 's'}"


def release_name(release: Release) -> str:
    """The upstream's release, our patches, the digest."""
    patches = f" + {plural(release['patches'], 'patch')}" if release["patches"] else ""
    return one_line(f"{release['upstream'] or 'forgotten'}{patches} {short(release['digest'])}")


def seconds_between(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def ago(when: str, now: str) -> str:
    seconds = seconds_between(when, now)
    for unit, length in UNITS:
        if seconds >= length:
            return f"{plural(int(seconds // length), unit)} ago"
    return "just now"


def local_time(when: str) -> str:
    """In the reader's own time zone."""
    return f"{datetime.fromisoformat(when).astimezone():%Y-%m-%d %H:%M}"


def duration(seconds: float) -> str:
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


def size(count: int) -> str:
    """A number of bytes."""
    if abs(count) < 1000:
        return f"{count} B"
    return f"{count / 1e3:.1f} kB" if abs(count) < 1e6 else f"{count / 1e6:.1f} MB"


def freeze_sentence(freeze: Freeze) -> str:
    until = f" until {local_time(freeze['until'])}" if freeze["until"] else ""
    return one_line(f"frozen{until} by {freeze['owner']}: {freeze['reason']}")
