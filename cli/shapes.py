"""What the master answers, as far as the terminal reads it; `releases/` defines it."""

from typing import TypedDict


class Release(TypedDict):
    """A release, and how it came where it is."""

    digest: str
    upstream: str
    patches: int | None
    since: str
    owner: str
    reason: str


class Health(TypedDict):
    """How a live release answered last."""

    well: bool
    said: str


class Running(TypedDict):
    """A build that runs."""

    link: str

    action: str
    step: str
    worker: str
    started: str
    seconds: float | None
    """How long such a build takes; absent for the first."""


class Outcome(TypedDict):
    """A sentence about a build."""

    said: str


class Cell(TypedDict):
    """One component in one environment."""

    environment: str
    builder_id: int | None
    url: str
    live: Release | None
    hold: Outcome | None
    waiting: Release | None
    blocked_by: str
    approvals: list[str]
    earlier: list[Release]
    back: str
    failed: Outcome | None
    running: Running | None
    queued: int
    health: Health | None


class Row(TypedDict):
    """One component."""

    component: str
    title: str
    building: Running | None
    problem: Outcome | None
    cells: list[Cell]


class Freeze(TypedDict):
    """Nothing is promoted for the time being."""

    reason: str
    owner: str
    until: str | None


class Column(TypedDict):
    """One environment."""

    name: str
    buttons: dict[str, str]
    """By action, the name of the force scheduler."""
    builder_id: int | None
    promotes_from: str | None
    freeze: Freeze | None
    two_person: bool
    running: Running | None
    stopped: Outcome | None
    stopped_number: str


class Board(TypedDict):
    """The whole site at one moment."""

    title: str
    now: str
    columns: list[Column]
    rows: list[Row]


class Deployment(TypedDict):
    """Something that was done, or was to be done, with a release."""

    component: str
    environment: str
    action: str
    before: str | None
    digest: str | None
    release: str
    made_live: bool
    outcome: str
    said: str
    owner: str
    reason: str
    despite: str
    started: str
    finished: str


class Build(TypedDict):
    """A build as Buildbot's own API names it."""

    buildid: int
    builderid: int
    number: int
    complete: bool
    results: int | None
    started_at: int
    complete_at: int | None
    state_string: str


class Step(TypedDict):
    """A step as Buildbot's own API names it."""

    name: str
    started_at: int | None
    complete: bool
