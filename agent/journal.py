"""The events of a component's deployments on this server: `journal.jsonl`, one event a line.

A deployment's events, in order: `preparing`, `prepared`, `rehearsed`; if the database changes,
`closing` (visitors may only read from here on), then `migrating` (or `installing`, when the
database was empty) and `migrated`; `switching`. One of `FINAL_EVENTS` ends it:

- `live`: the instance was switched to, and passed its checks.
- `proved`: the instance was live before, and passed its checks again.
- `returned`: the switch was undone; the previous instance is live again.
- `abandoned`: the deployment was undone before a switch.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, ConfigDict, Field, ValidationError

from agent.disk import Reserve, writing
from agent.errors import FULL, AgentError
from agent.instance import Instance
from model.reading import Model
from model.rehearsal import MigrationResult
from model.release import Digest, EnvironmentContext

EventName = Literal[
    "preparing", "prepared", "rehearsed", "closing", "installing", "migrating", "migrated",
    "checked", "switching", "live", "proved", "returned", "abandoned",
]  # fmt: skip
"""`checked` is in journals of older agents only."""

FINAL_EVENTS: tuple[EventName, ...] = ("live", "proved", "returned", "abandoned")


class RecordedContext(EnvironmentContext):
    """An environment context in a journal; a newer agent may have added keys."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class JournalEvent(Model):
    """One line of a journal. A key that only a newer agent knows is no reason to ignore a line."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    time: datetime
    event: EventName
    digest: Digest
    configuration: str = ""
    """With the digest, it names the instance; not yet with `preparing`."""
    context: RecordedContext | None = Field(None, validation_alias=AliasChoices("context", "order"))
    """With `prepared`: the environment without secrets. Older journals call it `order`."""
    migration: MigrationResult | None = None
    """With `rehearsed`: what the migration did to a copy of the database; None without one."""
    previous: Digest | None = None
    """With `switching`: the release that was live before."""
    previous_configuration: str = ""
    together: bool = False
    """With `switching`: whether the switch waits for `keep`, which needs all servers to succeed."""
    backup: str | None = None
    """With `migrating`: the file in `shared/backups` with the database before the migration."""
    why: str | None = None
    """With `returned` and `abandoned`: the error."""

    @property
    def instance(self) -> Instance:
        return Instance(self.digest, self.configuration)

    @property
    def previous_instance(self) -> Instance | None:
        return Instance(self.previous, self.previous_configuration) if self.previous else None


@dataclass(frozen=True)
class UnfinishedDeployment:
    """The events after the last final one."""

    events: Sequence[JournalEvent]

    @property
    def instance(self) -> Instance:
        return self.events[-1].instance

    @property
    def digest(self) -> Digest:
        return self.events[-1].digest

    @property
    def waits_for_others(self) -> bool:
        """Whether it has switched, and waits for the result of other servers."""
        switch = self.first("switching")
        return bool(switch and switch.together)

    def first(self, *names: EventName) -> JournalEvent | None:
        return next((event for event in self.events if event.event in names), None)


@dataclass(frozen=True)
class Journal:
    """A file to which lines are only appended."""

    path: Path
    reserve: Reserve | None = None
    """The room that an event takes which ends a deployment, when the disk is full."""

    def append(self, event: EventName, instance: Instance, **details: Any) -> None:
        """Write an event and wait until it is on the disk; raises AgentError when that is full."""
        line = JournalEvent(
            time=datetime.now(UTC),
            event=event,
            digest=instance.digest,
            configuration=instance.configuration,
            **details,
        )
        text = line.model_dump_json(exclude_none=True) + "\n"
        with writing(self.path):
            try:
                self.write(text)
            except OSError as error:
                if error.errno not in FULL or event not in FINAL_EVENTS or not self.reserve:
                    raise
                self.reserve.release()
                self.write(text)

    def write(self, text: str) -> None:
        """Append a line as a whole; what a failed write has left of it is removed."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            os.fchmod(descriptor, 0o600)
            line = text if ends_with_newline(descriptor) else "\n" + text
            try:
                write_whole(descriptor, line.encode())
            except OSError:
                os.ftruncate(descriptor, size)
                raise
        finally:
            os.close(descriptor)

    def events(self) -> list[JournalEvent]:
        """Raises AgentError for a whole line that this agent cannot read."""
        if not self.path.exists():
            return []
        # Not splitlines(): an error in an event may hold any other line separator of Unicode.
        lines = self.path.read_text("utf-8", errors="replace").split("\n")
        events = (self.parse_event(number, line) for number, line in enumerate(lines, 1))
        return [event for event in events if event]

    def parse_event(self, number: int, line: str) -> JournalEvent | None:
        """The event on a line; None for a line that a power failure has cut.

        A cut line is not JSON. One that is JSON but no event of ours was written by a newer agent:
        without it, a deployment that has ended would count as unfinished.
        """
        try:
            json.loads(line)
        except ValueError:
            return None
        try:
            return JournalEvent.model_validate_json(line)
        except ValidationError as error:
            key = ".".join(map(str, error.errors()[0]["loc"]))
            raise AgentError(
                f"{self.path}: line {number}: key '{key}' has a value that this version of the "
                "agent does not know; update the agent on this server"
            ) from None

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

    def live_instances(self) -> list[Instance]:
        """Every instance that was live, the last one first, each once."""
        live = [e.instance for e in self.events() if e.event in ("live", "proved")]
        return list(dict.fromkeys(reversed(live)))


def write_whole(descriptor: int, line: bytes) -> None:
    """A write to a disk that becomes full is cut short; the next one of the rest says so."""
    while line:
        line = line[os.write(descriptor, line) :]
    os.fsync(descriptor)


def ends_with_newline(descriptor: int) -> bool:
    """Whether the last line is complete: a power failure may have cut it."""
    size = os.fstat(descriptor).st_size
    return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"
