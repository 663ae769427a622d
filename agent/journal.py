"""What happened to a component on this server, in order: `journal.jsonl`, one event a line."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, Field, ValidationError

from model.reading import Model
from model.release import Digest, EnvironmentContext

Name = Literal[
    "preparing", "prepared", "installing", "migrating", "migrated", "checked",
    "switching", "live", "proved", "returned", "abandoned",
]  # fmt: skip

ENDS: tuple[Name, ...] = ("live", "proved", "returned", "abandoned")
"""The events after which nothing is left to finish or to undo."""


class Event(Model):
    """One line of a journal."""

    time: datetime
    event: Name
    digest: Digest
    context: EnvironmentContext | None = Field(
        None, validation_alias=AliasChoices("context", "order")
    )
    """With `prepared`: the environment without secrets; older journals: `order`."""
    previous: Digest | None = None
    """With `switching`: what was live."""
    together: bool = False
    """With `switching`: whether other servers have a say in whether it stays."""
    backup: str | None = None
    """With `migrating`: the file in `shared/backups` that holds the database as it was."""
    why: str | None = None


@dataclass(frozen=True)
class Deployment:
    """The events of a deployment that has not ended."""

    events: Sequence[Event]

    @property
    def digest(self) -> Digest:
        return self.events[-1].digest

    @property
    def undecided(self) -> Event | None:
        """The switch that waits for other servers; they may never be heard of again."""
        begun = self.first("switching")
        return begun if begun and begun.together else None

    def first(self, *names: Name) -> Event | None:
        return next((event for event in self.events if event.event in names), None)


@dataclass(frozen=True)
class Journal:
    """A file that only grows."""

    path: Path

    def append(self, event: Name, digest: Digest, **details: Any) -> None:
        """Write an event and wait until the disk has it."""
        line = Event(time=datetime.now(UTC), event=event, digest=digest, **details)
        text = line.model_dump_json(exclude_none=True) + "\n"
        with self.path.open("a+", encoding="utf-8") as file:
            file.write(text if ends_well(file.fileno()) else "\n" + text)
            file.flush()
            os.fsync(file.fileno())

    def events(self) -> list[Event]:
        if not self.path.exists():
            return []
        lines = self.path.read_text("utf-8").splitlines()
        return [event for line in lines if (event := parsed(line))]

    def unfinished(self) -> Deployment | None:
        """What a killed deployment left behind, or one that waits for its next verb."""
        events = self.events()
        ends = [number for number, event in enumerate(events) if event.event in ENDS]
        rest = events[ends[-1] + 1 :] if ends else events
        return Deployment(rest) if rest else None

    def context(self) -> EnvironmentContext | None:
        """What the environment said at the last preparation that succeeded."""
        orders = [event.context for event in self.events() if event.context]
        return orders[-1] if orders else None

    def last(self, digest: Digest, *names: Name) -> datetime | None:
        times = [e.time for e in self.events() if e.digest == digest and e.event in names]
        return times[-1] if times else None


def ends_well(descriptor: int) -> bool:
    """Whether the file ends with a whole line: power may have failed in the middle of one."""
    size = os.fstat(descriptor).st_size
    return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"


def parsed(line: str) -> Event | None:
    """The event on a line; none on a line that was cut, which counts as never written."""
    try:
        return Event.model_validate_json(line)
    except ValidationError:
        return None
