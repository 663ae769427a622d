"""The events of a component's deployments on this server: `journal.jsonl`, one event a line.

A deployment's events, in order: `preparing`, `prepared`; then `migrating` (or `installing`, when
the database was empty) and `migrated`; `checked`; `switching`. One of `FINAL_EVENTS` ends it:

- `live`: the release was switched to, and passed its checks.
- `proved`: the release was live before, and passed its checks again.
- `returned`: the switch was undone; the previous release is live again.
- `abandoned`: the deployment was undone before a switch.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, Field, ValidationError

from model.reading import Model
from model.release import Digest, EnvironmentContext

EventName = Literal[
    "preparing", "prepared", "installing", "migrating", "migrated", "checked",
    "switching", "live", "proved", "returned", "abandoned",
]  # fmt: skip

FINAL_EVENTS: tuple[EventName, ...] = ("live", "proved", "returned", "abandoned")


class JournalEvent(Model):
    """One line of a journal."""

    time: datetime
    event: EventName
    digest: Digest
    context: EnvironmentContext | None = Field(
        None, validation_alias=AliasChoices("context", "order")
    )
    """With `prepared`: the environment without secrets. Older journals call it `order`."""
    previous: Digest | None = None
    """With `switching`: the release that was live before."""
    together: bool = False
    """With `switching`: whether the switch waits for `keep`, which needs all servers to succeed."""
    backup: str | None = None
    """With `migrating`: the file in `shared/backups` with the database before the migration."""
    why: str | None = None
    """With `returned` and `abandoned`: the error."""


@dataclass(frozen=True)
class UnfinishedDeployment:
    """The events after the last final one."""

    events: Sequence[JournalEvent]

    @property
    def digest(self) -> Digest:
        return self.events[-1].digest

    @property
    def undecided_switch(self) -> JournalEvent | None:
        """The switch that waits for the result of other servers, which may never arrive."""
        switch = self.first("switching")
        return switch if switch and switch.together else None

    def first(self, *names: EventName) -> JournalEvent | None:
        return next((event for event in self.events if event.event in names), None)


@dataclass(frozen=True)
class Journal:
    """A file to which lines are only appended."""

    path: Path

    def append(self, event: EventName, digest: Digest, **details: Any) -> None:
        """Write an event and wait until it is on the disk."""
        line = JournalEvent(time=datetime.now(UTC), event=event, digest=digest, **details)
        text = line.model_dump_json(exclude_none=True) + "\n"
        with self.path.open("a+", encoding="utf-8") as file:
            file.write(text if ends_with_newline(file.fileno()) else "\n" + text)
            file.flush()
            os.fsync(file.fileno())

    def events(self) -> list[JournalEvent]:
        if not self.path.exists():
            return []
        lines = self.path.read_text("utf-8").splitlines()
        return [event for line in lines if (event := parse_event(line))]

    def unfinished(self) -> UnfinishedDeployment | None:
        """The deployment that was killed, or that waits for its next verb."""
        events = self.events()
        ends = [number for number, event in enumerate(events) if event.event in FINAL_EVENTS]
        open_events = events[ends[-1] + 1 :] if ends else events
        return UnfinishedDeployment(open_events) if open_events else None

    def context(self) -> EnvironmentContext | None:
        """That of the last successful preparation."""
        contexts = [event.context for event in self.events() if event.context]
        return contexts[-1] if contexts else None

    def last_time(self, digest: Digest, *names: EventName) -> datetime | None:
        times = [e.time for e in self.events() if e.digest == digest and e.event in names]
        return times[-1] if times else None


def ends_with_newline(descriptor: int) -> bool:
    """Whether the last line is complete: a power failure may have cut it."""
    size = os.fstat(descriptor).st_size
    return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"


def parse_event(line: str) -> JournalEvent | None:
    """The event on a line; None for a line that a power failure has cut."""
    try:
        return JournalEvent.model_validate_json(line)
    except ValidationError:
        return None
