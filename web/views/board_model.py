"""The board as a value: what is live, what waits and what is wrong, everywhere."""

from collections.abc import Mapping
from datetime import datetime

from model.reading import Model, Name
from releases.rules import Freeze


class Release(Model):
    """A release as the board names it."""

    digest: str
    upstream: str
    """The upstream's release; empty when the store has forgotten it."""
    patches: int | None
    since: datetime
    owner: str
    reason: str
    link: str
    instance: str = ""
    """What a rollback to it asks for: its digest, or `<digest>-<number>` for another configuration
    of the live release."""
    migration: str = ""
    """What its migration does to the database; empty without one."""
    migrated_since: str = ""
    """How migrations have changed the database since it was live; empty if they have not."""


class Health(Model):
    """How a live release answered last."""

    healthy: bool | None
    """None: it is not known now."""
    message: str
    """The answer in words, or why it is not known."""
    when: datetime | None
    """When it was known last; None for never."""


class Running(Model):
    """A build that runs: which step, and for how long."""

    link: str
    action: str
    owner: str
    step: str
    """The step that runs now; empty while it waits for a worker or a lock."""
    message: str
    done: int
    """Steps that are complete."""
    worker: str
    started: datetime
    seconds: float | None
    """How long such a build takes: the median of the last ones; None for the first."""


class Outcome(Model):
    """A sentence about a build, with its page."""

    message: str
    link: str
    when: datetime


class Cell(Model):
    """One component in one environment."""

    environment: Name
    builder_id: int | None
    """What a button of the environment is pressed for; None while the master knows no builder."""
    url: str
    live: Release | None
    hold: Outcome | None
    waiting: Release | None
    """What a promotion would bring."""
    blocked_by: str
    """What stands against promoting it, in words."""
    approvals: tuple[str, ...]
    """Who approved what waits."""
    earlier: tuple[Release, ...]
    """What a rollback may return to: releases that were live here, newest first."""
    previous: str
    """The digest of the one of them that was live before what is live came; empty for none."""
    failed: Outcome | None
    """The last thing that was tried here, if it went wrong."""
    running: Running | None
    queued: int
    health: Health | None


class Row(Model):
    """One component."""

    component: Name
    title: str
    builder_id: int | None
    """What `build` is pressed for."""
    building: Running | None
    problem: Outcome | None
    """Why it cannot be built."""
    cells: tuple[Cell, ...]


class Column(Model):
    """One environment."""

    name: Name
    buttons: Mapping[str, str]
    """By action, the name of the force scheduler that starts it."""
    builder_id: int | None
    """What the buttons that concern all components are pressed for."""
    promotes_from: Name | None
    freeze: Freeze | None
    manual: bool
    """Whether a releaser froze it, and may end that."""
    two_person: bool
    running: Running | None
    interrupted: Outcome | None
    """A promotion of everything that stopped half-way and can be returned."""
    interrupted_build: str


class Board(Model):
    """The whole site at one moment."""

    title: str
    now: datetime
    releasers: tuple[Name, ...]
    buttons: Mapping[str, str]
    """By action, the name of the force scheduler; those of an environment are in its column."""
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    disk_warnings: tuple[str, ...]
    """What is wrong with the master's disks, in sentences."""
