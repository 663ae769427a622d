"""The board: for each component and environment, what is live, what waits, what is wrong."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from buildbot.process.results import EXCEPTION, FAILURE

from model.component import Component
from model.environment import Environment
from model.reading import Model, Name
from model.site import Site
from releases import buttons
from releases.ledger import Build, Builds, history_from_builds, recorded
from releases.provenance import Provenance
from releases.rules import (
    Action,
    ComponentHeld,
    DeploymentRequest,
    Entry,
    Freeze,
    History,
    RequestRefused,
    choose,
)
from releases.site_wide import frozen, interrupted_bulk_promotion, waiting
from web.views.deployments import Deployment, of

ProvenanceLookup = Callable[[str], Provenance | None]
"""From a digest to what the store knows of it."""

EARLIER_RUNS = 5
"""How many runs an expected duration is the median of."""


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


class Health(Model):
    """How a live release answered last."""

    healthy: bool
    message: str
    when: datetime


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


@dataclass(frozen=True)
class BoardInputs:
    """What the board is made from.

    No model: after a reconfiguration the site is of a class that was loaded again, which the
    services, kept as they were, would refuse.
    """

    site: Site
    builds: Builds
    builder_ids: Mapping[str, int]
    """By builder: its number in Buildbot's API."""
    running: dict[str, Running]
    """By builder."""
    queued: dict[str, int]
    """By builder: requests that nobody has begun."""
    healths: dict[tuple[str, str], Health]
    now: datetime


def board(inputs: BoardInputs, known: ProvenanceLookup) -> Board:
    site = inputs.site
    return Board(
        title=site.title,
        now=inputs.now,
        releasers=site.releasers,
        buttons={"build": buttons.BUILD},
        columns=tuple(column(inputs, environment) for environment in site.environments),
        rows=tuple(row(inputs, component, known) for component in site.ordered),
    )


def column(inputs: BoardInputs, environment: Environment) -> Column:
    builds = inputs.builds.get(environment.site_builder, ())
    freeze = frozen(inputs.site, environment, builds, inputs.now)
    cells = (inputs.builds.get(environment.builder(c), ()) for c in inputs.site.components)
    live = {entry.digest for entry in (history_from_builds(some).live for some in cells) if entry}
    interrupted = interrupted_bulk_promotion(builds, live)
    actions = buttons.actions(inputs.site, environment)
    return Column(
        name=environment.name,
        buttons={action.value: buttons.name(action, environment) for action in actions},
        builder_id=inputs.builder_ids.get(environment.site_builder),
        promotes_from=environment.promotes_from,
        freeze=freeze,
        manual=bool(freeze and freeze.until is None),
        two_person=environment.name in inputs.site.two_person,
        running=inputs.running.get(environment.site_builder),
        interrupted=outcome(interrupted) if interrupted else None,
        interrupted_build=str(interrupted.number) if interrupted else "",
    )


def row(inputs: BoardInputs, component: Component, known: ProvenanceLookup) -> Row:
    builds = inputs.builds.get(component.builder, ())
    last = next((build for build in builds if build.finished), None)
    broken = last and last.results in (FAILURE, EXCEPTION)
    return Row(
        component=component.name,
        title=component.title,
        builder_id=inputs.builder_ids.get(component.builder),
        building=inputs.running.get(component.builder),
        problem=outcome(last) if last and broken else None,
        cells=tuple(cell(inputs, component, e, known) for e in inputs.site.environments),
    )


def cell(
    inputs: BoardInputs, component: Component, environment: Environment, known: ProvenanceLookup
) -> Cell:
    name = environment.builder(component)
    builds = inputs.builds.get(name, ())
    here = history_from_builds(builds)
    source = inputs.site.source_of(environment)
    before = (
        history_from_builds(inputs.builds.get(source.builder(component), ()))
        if source
        else History()
    )
    next_up = before.live if source and waiting(here, before) else None
    links = {build.number: build.link for build in builds}
    done = list(of(component.name, environment, builds))
    return Cell(
        environment=environment.name,
        builder_id=inputs.builder_ids.get(name),
        url=environment.url(component),
        live=release(here.arrival, links, known) if here.live else None,
        hold=hold(here, links),
        waiting=release(before.arrival, {}, known) if next_up else None,
        blocked_by=blocked_by(inputs, component, environment, here, before) if next_up else "",
        approvals=approvals(here, before) if next_up else (),
        earlier=earlier(environment, here, links, known),
        previous=here.find("") or "",
        failed=failure(done),
        running=inputs.running.get(name),
        queued=inputs.queued.get(name, 0),
        health=current(inputs.healths.get((environment.name, component.name)), here),
    )


def current(health: Health | None, here: History) -> Health | None:
    """How what is live now answered: an answer from before it came says nothing about it."""
    came = here.live.finished if here.live else None
    return health if health and came and health.when >= came else None


def release(
    entry: Entry | None, links: Mapping[int, str], known: ProvenanceLookup
) -> Release | None:
    if entry is None or entry.digest is None:
        return None
    provenance = known(entry.digest)
    return Release(
        digest=entry.digest,
        upstream=provenance.upstream.release if provenance else "",
        patches=len(provenance.patches) if provenance else None,
        since=entry.finished,
        owner=entry.owner,
        reason=entry.reason,
        link=links.get(entry.build, ""),
    )


def hold(here: History, links: Mapping[int, str]) -> Outcome | None:
    held = here.hold
    if held is None:
        return None
    message = f"{held.owner}: {held.reason}"
    return Outcome(message=message, link=links.get(held.build, ""), when=held.finished)


def earlier(
    environment: Environment, here: History, links: Mapping[int, str], known: ProvenanceLookup
) -> tuple[Release, ...]:
    """Releases that were live and are kept on the servers, each once."""
    found: dict[str, Entry] = {}
    for entry in here.lived:
        if entry.digest and here.live and entry.digest != here.live.digest:
            found.setdefault(entry.digest, entry)
    kept = list(found.values())[: environment.keep - 1]
    releases = (release(entry, links, known) for entry in kept)
    return tuple(one for one in releases if one)


def approvals(here: History, before: History) -> tuple[str, ...]:
    arrival = before.arrival
    if arrival is None or arrival.digest is None:
        return ()
    return tuple(entry.owner for entry in here.approvals(arrival.digest, arrival.finished))


def blocked_by(
    inputs: BoardInputs,
    component: Component,
    environment: Environment,
    here: History,
    before: History,
) -> str:
    """What the rules would say to the releaser for whom they stand best."""
    site = inputs.site
    builds = inputs.builds.get(environment.site_builder, ())
    freeze = frozen(site, environment, builds, inputs.now)
    newest = recorded(inputs.builds.get(component.builder, ()))
    message = ""
    for owner in site.releasers:
        asked = DeploymentRequest(action=Action.PROMOTE, owner=owner)
        two_person = environment.name in site.two_person
        try:
            choose(
                asked,
                environment,
                here,
                before,
                newest,
                site.releasers.__contains__,
                freeze,
                two_person,
            )
        except (RequestRefused, ComponentHeld) as refusal:
            message = message or str(refusal)
        else:
            return ""
    return message


def failure(done: Sequence[Deployment]) -> Outcome | None:
    """The last deployment, if it was refused or failed."""
    last = done[-1] if done else None
    if last is None or last.outcome not in ("refused", "failed"):
        return None
    return Outcome(message=last.message, link=last.link, when=last.finished)


def outcome(build: Build) -> Outcome:
    when = build.finished or build.started
    return Outcome(message=build.sentence, link=build.link, when=when)


def expected(builds: Sequence[Build], action: str) -> float | None:
    """Seconds that such a build takes."""
    alike = [
        (build.finished - build.started).total_seconds()
        for build in builds
        if build.finished and build.succeeded and build.properties.get("action", "") == action
    ]
    return statistics.median(alike[:EARLIER_RUNS]) if alike else None
