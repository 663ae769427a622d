"""Written by `make declarations` from the models; do not edit."""

from __future__ import annotations

from typing import Literal, TypeAlias, TypedDict


class Deployment(TypedDict):
    """
    One complete build that moved a release, was to move one, or noted something about one.
    """

    build: int
    link: str
    component: str
    """
    `site` for what concerns all of them.
    """
    environment: str
    action: str
    """
    An `Action`; of what concerns all components, a `SiteAction`.
    """
    before: str | None
    """
    The digest that was live before.
    """
    digest: str | None
    """
    The one that it was about.
    """
    configured: str
    """
    The rendered files of a new configuration of the release that was live before.
    """
    release: str
    """
    The upstream's release of that digest, as far as the build knew it.
    """
    made_live: bool
    outcome: str
    """
    `done`, `refused`, `failed`, `nothing moved`, `stopped`, `repeated`.
    """
    message: str
    owner: str
    reason: str
    freeze_override: str
    """
    Why a freeze did not stop it.
    """
    requested: str
    started: str
    finished: str


class FileChange(TypedDict):
    """
    A file in both releases, or in one of them.
    """

    path: str
    before: int | None
    """
    Bytes.
    """
    after: int | None


class FileChanges(TypedDict):
    """
    The files of an artifact that were added, changed or removed.
    """

    count: int
    bytes: int
    """
    How much larger they make the release; negative when they make it smaller.
    """
    first: list[FileChange]


class Freeze(TypedDict):
    """
    No promotions for the time being.
    """

    reason: str
    owner: str
    """
    Who began it; `site.toml` for a window in that file.
    """
    until: str | None
    """
    When it ends; None: when a releaser ends it.
    """


class Health(TypedDict):
    """
    How a live release answered last.
    """

    healthy: bool | None
    """
    None: it is not known now.
    """
    message: str
    """
    The answer in words, or why it is not known.
    """
    when: str | None
    """
    When it was known last; None for never.
    """


class HistoryPage(TypedDict):
    """
    Some deployments, the last one first.
    """

    deployments: list[Deployment]
    older: str | None
    """
    The parameter `older` of the next page; None for the last one.
    """


class MachineRow(TypedDict):
    """
    A machine that a worker has or waits for.
    """

    name: str
    cloud: str
    worker: str
    state: str
    seconds: float
    """
    How long ago it was requested.
    """


class Material(TypedDict):
    """
    A repository that a release was made from.
    """

    repository: str
    release: str
    """
    The tag or the branch that was followed, `submodule`, or the short id of a pinned commit.
    """
    commit: str
    into: str
    """
    Its path in the tree; empty for the upstream.
    """
    base: str
    """
    Of a fork: the commit below our first one; it is not part of the release.
    """


class Outcome(TypedDict):
    """
    A sentence about a build, with its page.
    """

    message: str
    link: str
    when: str


class Patch(TypedDict):
    """
    One patch of ours on top of the upstream.
    """

    name: str
    id: str
    """
    `git patch-id --stable`.
    """
    subject: str
    author: str


class Point(TypedDict):
    """
    One figure of one week.
    """

    week: str
    """
    Its Monday.
    """
    value: float | None
    """
    None when there was nothing to measure.
    """


class Provenance(TypedDict):
    """
    What one release was made from, and by which build.
    """

    component: str
    digest: str
    materials: list[Material]
    """
    The upstream first, then forks, submodules and overlays in the order of the build.
    """
    patches: list[Patch]
    build: str
    """
    The build's address in the Buildbot UI.
    """
    worker: str
    finished: str


class Release(TypedDict):
    """
    A release as the board names it.
    """

    digest: str
    upstream: str
    """
    The upstream's release; empty when the store has forgotten it.
    """
    patches: int | None
    since: str
    owner: str
    reason: str
    link: str
    instance: str
    """
    What a rollback to it asks for: its digest, or `<digest>-<number>` for another configuration
    of the live release.
    """
    migration: str
    """
    What its migration does to the database; empty without one.
    """
    migrated_since: str
    """
    How migrations have changed the database since it was live; empty if they have not.
    """


class ReleaseDetails(TypedDict):
    """
    One release: what it was made from, and everything that happened to it.
    """

    provenance: Provenance
    stored: bool
    deployments: list[Deployment]


class Running(TypedDict):
    """
    A build that runs: which step, and for how long.
    """

    link: str
    action: str
    owner: str
    step: str
    """
    The step that runs now; empty while it waits for a worker or a lock.
    """
    message: str
    done: int
    """
    Steps that are complete.
    """
    worker: str
    started: str
    seconds: float | None
    """
    How long such a build takes: the median of the last ones; None for the first.
    """


class SourceChange(TypedDict):
    """
    A repository at two commits; one is absent when the repository was added or removed.
    """

    into: str
    repository: str
    before: Material | None
    after: Material | None
    compare: str
    """
    A page that shows the commits between them.
    """


class StoreReport(TypedDict):
    """
    The artifacts on the master's disk, and the button that removes what is not kept.
    """

    artifacts: int
    size: int
    oldest: str | None
    free: int
    disk: int
    warning: str
    kept: str
    removed: str
    removed_at: str | None
    removal_failed: bool
    link: str
    releasers: list[str]
    button: str
    builder_id: int | None


Target: TypeAlias = Literal["pinned", "newest", "main"]
"""
What a trial applies the series to.
"""


class TextChange(TypedDict):
    """
    A template or the description of how to run the release, as a unified diff.
    """

    name: str
    difference: str


Verdict: TypeAlias = Literal["applies", "moved", "upstream", "merges", "conflicts"]
"""
The result of one patch.
"""


class Cell(TypedDict):
    """
    One component in one environment.
    """

    environment: str
    builder_id: int | None
    """
    What a button of the environment is pressed for; None while the master knows no builder.
    """
    url: str
    live: Release | None
    hold: Outcome | None
    waiting: Release | None
    """
    What a promotion would bring.
    """
    blocked_by: str
    """
    What stands against promoting it, in words.
    """
    approvals: list[str]
    """
    Who approved what waits.
    """
    earlier: list[Release]
    """
    What a rollback may return to: releases that were live here, newest first.
    """
    previous: str
    """
    The digest of the one of them that was live before what is live came; empty for none.
    """
    failed: Outcome | None
    """
    The last thing that was tried here, if it went wrong.
    """
    running: Running | None
    queued: int
    health: Health | None


class Column(TypedDict):
    """
    One environment.
    """

    name: str
    buttons: dict[str, str]
    """
    By action, the name of the force scheduler that starts it.
    """
    builder_id: int | None
    """
    What the buttons that concern all components are pressed for.
    """
    promotes_from: str | None
    freeze: Freeze | None
    manual: bool
    """
    Whether a releaser froze it, and may end that.
    """
    two_person: bool
    running: Running | None
    interrupted: Outcome | None
    """
    A promotion of everything that stopped half-way and can be returned.
    """
    interrupted_build: str


class Difference(TypedDict):
    """
    What changes from the live release to another one.
    """

    before: str | None
    after: str
    upstream: SourceChange
    overlays: list[SourceChange]
    """
    Overlays, submodules and forks that differ.
    """
    patches_added: list[Patch]
    patches_removed: list[Patch]
    patches_changed: list[Patch]
    patches: int
    """
    The number of patches afterwards.
    """
    configuration: list[TextChange]
    migrations: list[str]
    """
    Commands that run before the switch.
    """
    added: FileChanges
    changed: FileChanges
    removed: FileChanges


class Figure(TypedDict):
    """
    One curve.
    """

    name: str
    environment: str
    meaning: str
    points: list[Point]


class MachineReport(TypedDict):
    """
    Machines that exist now, and what happened since the master started.
    """

    ready: int
    boot_seconds: float
    """
    Of all machines that became ready, together.
    """
    attach_seconds: float
    """
    From there until the worker was connected, of all machines together.
    """
    failures: dict[str, int]
    """
    By cause.
    """
    removed: int
    swept: int
    """
    Of those removed, how many had no owner any more.
    """
    deletes_failed: int
    missing: list[str]
    """
    What the environments' files name and their projects do not have.
    """
    machines: list[MachineRow]
    leaving: int
    """
    Machines that are being deleted.
    """
    calls: dict[str, dict[str, int]]
    """
    Requests to OpenStack, by project and by name.
    """


class MachinesAnswer(TypedDict):
    """
    What machines.json answers; without a report when no environment has a project.
    """

    report: MachineReport | None


class PatchView(TypedDict):
    """
    What became of one patch on one target.
    """

    name: str
    subject: str
    author: str
    verdict: Verdict
    words: str
    """
    The verdict in words, with its details.
    """


class Row(TypedDict):
    """
    One component.
    """

    component: str
    title: str
    builder_id: int | None
    """
    What `build` is pressed for.
    """
    building: Running | None
    problem: Outcome | None
    """
    Why it cannot be built.
    """
    cells: list[Cell]


class TrialView(TypedDict):
    """
    Our changes on one commit of the upstream.
    """

    target: Target
    release: str
    """
    Tag or branch.
    """
    commit: str
    fits: bool
    words: str
    """
    The result in one line.
    """
    patches: list[PatchView]
    failed: str
    """
    The first step that failed after the patches, with its sentence; empty for none.
    """


class Board(TypedDict):
    """
    The whole site at one moment.
    """

    title: str
    now: str
    releasers: list[str]
    buttons: dict[str, str]
    """
    By action, the name of the force scheduler; those of an environment are in its column.
    """
    columns: list[Column]
    rows: list[Row]
    disk_warnings: list[str]
    """
    What is wrong with the master's disks, in sentences.
    """


class TrialRow(TypedDict):
    """
    One component whose upstream has releases.
    """

    component: str
    title: str
    link: str
    """
    The build that tried it last, or its builder.
    """
    when: str | None
    """
    When that was; None before the first trial.
    """
    trials: list[TrialView]
    unknown: str
    """
    Why nothing could be tried; empty when something was.
    """
    offer: str
    """
    How the change to the newest release can be had, if it fits.
    """


Answers = TypedDict(
    "Answers",
    {
        "board.json": Board,
        "history.json": HistoryPage,
        "difference.json": Difference,
        "release.json": ReleaseDetails,
        "figures.json": list[Figure],
        "machines.json": MachinesAnswer,
        "store.json": StoreReport,
        "trials.json": list[TrialRow],
    },
)
