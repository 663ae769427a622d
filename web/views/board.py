"""Makes the board of the ledger, of what runs, and of what the live releases answer."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from buildbot.process.results import EXCEPTION, FAILURE

from model.component import Component
from model.environment import Environment
from model.plural import plural
from model.site import Site
from releases import buttons
from releases.history import Action, Entry, History
from releases.ledger import Build, Builds, newest_digest
from releases.provenance import Provenance
from releases.rules import ComponentHeld, DeploymentRequest, RequestRefused, choose
from releases.site_wide import active_freeze, interrupted_bulk_promotion, waiting_digest
from web.views.board_model import Board, Cell, Column, Health, Outcome, Release, Row, Running
from web.views.deployments import build_outcome
from web.views.live_health import health_of_live

ProvenanceLookup = Callable[[str], Provenance | None]
"""From a digest to what the store knows of it."""

EARLIER_RUNS = 5
"""How many runs an expected duration is the median of."""


@dataclass(frozen=True)
class BoardInputs:
    """What the board is made from.

    No model: after a reconfiguration the site is of a class that was loaded again, which the
    services, kept as they were, would refuse.
    """

    site: Site
    builds: Builds
    histories: Mapping[str, History]
    """By builder."""
    builder_ids: Mapping[str, int]
    """By builder: its number in Buildbot's API."""
    running: dict[str, Running]
    """By builder."""
    queued: dict[str, int]
    """By builder: requests that nobody has begun."""
    healths: dict[tuple[str, str], Health]
    now: datetime
    disk_warnings: tuple[str, ...] = ()

    def history(self, component: Component, environment: Environment | None) -> History:
        name = environment.builder(component) if environment else ""
        return self.histories.get(name, History())


def board(inputs: BoardInputs, provenance_of: ProvenanceLookup) -> Board:
    site = inputs.site
    return Board(
        title=site.title,
        now=inputs.now,
        releasers=site.releasers,
        buttons={"build": buttons.BUILD},
        columns=tuple(column(inputs, environment) for environment in site.environments),
        rows=tuple(row(inputs, component, provenance_of) for component in site.ordered),
        disk_warnings=inputs.disk_warnings,
    )


def column(inputs: BoardInputs, environment: Environment) -> Column:
    builds = inputs.builds.get(environment.site_builder, ())
    freeze = active_freeze(inputs.site, environment, builds, inputs.now)
    entries = (inputs.history(c, environment).live for c in inputs.site.components)
    live = {entry.digest for entry in entries if entry}
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


def row(inputs: BoardInputs, component: Component, provenance_of: ProvenanceLookup) -> Row:
    builds = inputs.builds.get(component.builder, ())
    last = next((build for build in builds if build.finished), None)
    is_broken = last and last.results in (FAILURE, EXCEPTION)
    return Row(
        component=component.name,
        title=component.title,
        builder_id=inputs.builder_ids.get(component.builder),
        building=inputs.running.get(component.builder),
        problem=outcome(last) if last and is_broken else None,
        cells=tuple(cell(inputs, component, e, provenance_of) for e in inputs.site.environments),
    )


def cell(
    inputs: BoardInputs,
    component: Component,
    environment: Environment,
    provenance_of: ProvenanceLookup,
) -> Cell:
    builder = environment.builder(component)
    builds = inputs.builds.get(builder, ())
    history = inputs.history(component, environment)
    source = inputs.history(component, inputs.site.source_of(environment))
    is_waiting = waiting_digest(history, source) is not None
    earlier = history.find_earlier("")
    health = inputs.healths.get((environment.name, component.name))
    return Cell(
        environment=environment.name,
        builder_id=inputs.builder_ids.get(builder),
        url=environment.url(component),
        live=release(history.arrival, provenance_of) if history.live else None,
        hold=hold(history),
        waiting=release(source.arrival, provenance_of) if is_waiting else None,
        blocked_by=(
            blocked_by(inputs, component, environment, history, source) if is_waiting else ""
        ),
        approvals=approvers(history, source) if is_waiting else (),
        earlier=earlier_releases(environment, history, provenance_of),
        previous=(earlier.digest if earlier else None) or "",
        failed=last_failure(builds),
        running=inputs.running.get(builder),
        queued=inputs.queued.get(builder, 0),
        health=health_of_live(health, history, inputs.now, inputs.site.health_seconds),
    )


def release(entry: Entry | None, provenance_of: ProvenanceLookup) -> Release | None:
    if entry is None or entry.digest is None:
        return None
    provenance = provenance_of(entry.digest)
    return Release(
        digest=entry.digest,
        upstream=provenance.upstream.release if provenance else "",
        patches=len(provenance.patches) if provenance else None,
        since=entry.finished,
        owner=entry.owner,
        reason=entry.reason,
        link=entry.link,
        instance=entry.digest,
        migration=entry.migration.forecast if entry.migration else "",
    )


def hold(history: History) -> Outcome | None:
    entry = history.hold
    if entry is None:
        return None
    message = f"{entry.owner}: {entry.reason}"
    return Outcome(message=message, link=entry.link, when=entry.finished)


def earlier_releases(
    environment: Environment,
    history: History,
    provenance_of: ProvenanceLookup,
) -> tuple[Release, ...]:
    """The releases that were live and are still on the servers, each once.

    The first may be the live release itself, with the configuration that it had before.
    """
    live = history.live
    if live is None:
        return ()
    last_entries: dict[str, Entry] = {}
    for entry in history.live_entries:
        if entry.digest and entry.instance != live.instance:
            last_entries.setdefault(entry.digest, entry)
    configured_before = last_entries.pop(live.digest or "", None)
    kept = [(entry, entry.digest) for entry in list(last_entries.values())[: environment.keep - 1]]
    if configured_before and configured_before.configuration:
        kept.insert(0, (configured_before, configured_before.instance))
    return tuple(
        item.model_copy(
            update={"instance": instance, "migrated_since": migrated_since(history, entry)}
        )
        for entry, instance in kept
        if (item := release(entry, provenance_of))
    )


def migrated_since(history: History, entry: Entry) -> str:
    """The tables that migrations have changed since a release was live, in a sentence."""
    newer = takewhile(lambda each: each is not entry, history.live_entries)
    results = [each.migration for each in newer if each.migration]
    tables = {name for result in results for name in (*result.definitions, *result.rows)}
    return f"migrations have changed {plural(len(tables), 'table')} since" if tables else ""


def approvers(history: History, source: History) -> tuple[str, ...]:
    """Who approved the release that waits."""
    arrival = source.arrival
    if arrival is None or arrival.digest is None:
        return ()
    return tuple(entry.owner for entry in history.approvals(arrival.digest, arrival.finished))


def blocked_by(
    inputs: BoardInputs,
    component: Component,
    environment: Environment,
    history: History,
    source: History,
) -> str:
    """Which rule refuses the promotion to every releaser; empty when one of them may promote."""
    site = inputs.site
    builds = inputs.builds.get(environment.site_builder, ())
    freeze = active_freeze(site, environment, builds, inputs.now)
    newest = newest_digest(inputs.builds.get(component.builder, ()))
    message = ""
    for owner in site.releasers:
        try:
            choose(
                DeploymentRequest(action=Action.PROMOTE, owner=owner),
                environment,
                history,
                source,
                newest,
                site.releasers.__contains__,
                freeze,
                two_person=environment.name in site.two_person,
            )
        except (RequestRefused, ComponentHeld) as refusal:
            message = message or str(refusal)
        else:
            return ""
    return message


def last_failure(newest_first: Sequence[Build]) -> Outcome | None:
    """The last build that did anything, if it was refused or failed."""
    last = next((b for b in newest_first if b.finished and b.action), None)
    if last is None or build_outcome(last) not in ("refused", "failed"):
        return None
    return outcome(last)


def outcome(build: Build) -> Outcome:
    when = build.finished or build.started
    return Outcome(message=build.sentence, link=build.link, when=when)


def expected_seconds(builds: Sequence[Build], action: str) -> float | None:
    """How long such a build takes: the median of the last ones that succeeded."""
    durations = [
        (build.finished - build.started).total_seconds()
        for build in builds
        if build.finished and build.succeeded and build.properties.get("action", "") == action
    ]
    return statistics.median(durations[:EARLIER_RUNS]) if durations else None
