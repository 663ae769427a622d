"""Deployments told by a ledger, and the figures counted from them."""

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from buildbot.db.model import Model as Tables
from buildbot.process.results import FAILURE, SKIPPED

from releases.finished_builds import read_finished_builds, read_merges
from releases.ledger import Build
from tests.releases.ledger_rows import database
from tests.releases.ledgers import NEW, NEWER, OLD, SITE, START, build
from web.views.deployments import Deployment, deployment_builders, deployments
from web.views.figures import FIGURE_PROPERTIES, Figure, figures, first_moment

WEEK = date(2026, 11, 23)
HOUR = 60
LINE = (
    build(1, "blog-build", minutes=0, recorded=OLD),
    build(2, "blog-build", minutes=1, recorded=NEW),
    build(1, minutes=2 * HOUR, action="promote", live=OLD),
    build(2, minutes=3 * HOUR, action="promote", live=NEW),
    build(3, minutes=4 * HOUR, action="roll-back", live=OLD),
    build(4, minutes=5 * HOUR, action="promote", results=FAILURE, digest=NEWER),
    build(
        5,
        minutes=6 * HOUR,
        action="promote",
        results=FAILURE,
        state_string="failed refused: frozen",
    ),
    build(6, minutes=7 * HOUR, action="deploy", results=SKIPPED, state_string="nothing moves"),
    build(7, minutes=8 * HOUR, action="promote", live=OLD),
)  # fmt: skip


def told(*builds: Build, **conditions: Any) -> list[Deployment]:
    """What the ledger says of builds, the last one first."""
    names = deployment_builders(SITE)
    with database(*builds) as connection:
        finished = read_finished_builds(connection, Tables, names, **conditions)
        return deployments(names, finished)


def counted(now: datetime, *builds: Build) -> list[Figure]:
    names = [component.builder for component in SITE.components]
    since = int(first_moment(now).timestamp())
    with database(*builds) as connection:
        merges = read_merges(connection, Tables, names, since)
    done = told(*builds, properties=FIGURE_PROPERTIES, since=since)
    return figures(SITE, merges, done, now)


def test_every_deployment_says_from_what_to_what_and_how_it_ended() -> None:
    done = told(*LINE)
    assert [(d.action, d.outcome, d.before, d.digest) for d in done] == [
        ("promote", "done", OLD, OLD),
        ("deploy", "nothing moved", OLD, None),
        ("promote", "refused", OLD, None),
        ("promote", "failed", OLD, NEWER),
        ("roll-back", "done", NEW, OLD),
        ("promote", "done", OLD, NEW),
        ("promote", "done", None, OLD),
    ]
    assert done[0].seconds == 30


@pytest.mark.parametrize(("decision", "outcome"), [("allowed", "failed"), ("refused", "refused")])
def test_a_refusal_is_known_by_its_property_and_not_by_its_words(
    decision: str, outcome: str
) -> None:
    words = "failed refused by the firewall"
    said = build(
        1, action="promote", results=FAILURE, state_string=words, decision=decision
    )  # fmt: skip
    assert [d.outcome for d in told(said)] == [outcome]


def test_a_history_is_read_page_by_page_without_a_gap_or_a_repetition() -> None:
    docs = [build(n, "docs-production", action="promote", live=OLD) for n in range(1, 8)]
    freeze = build(1, "site-production", action="freeze", minutes=7)
    builds = (*LINE, *docs, freeze)
    whole = told(*builds)
    names = deployment_builders(SITE)
    with database(*builds) as connection:
        pages, older = [], None
        while finished := read_finished_builds(
            connection, Tables, names, older_than=older, limit=3
        ):
            pages += deployments(names, finished)
            older = finished[-1].build.id
    assert pages == whole
    assert len(whole) == 7 + 7 + 1


def test_the_history_of_a_release_is_what_was_about_it_alone() -> None:
    approval = build(9, minutes=9 * HOUR, action="approve", approved=NEW)
    assert [d.action for d in told(*LINE, approval, digest=NEW)] == ["approve", "promote"]
    assert told(*LINE, digest=NEW)[0].before == OLD


def test_what_concerns_the_whole_site_is_in_the_history_and_what_runs_is_not() -> None:
    freeze = build(1, "site-production", action="freeze")
    running = build(2, action="promote", results=None)
    assert [(d.component, d.action) for d in told(freeze, running)] == [("site", "freeze")]


def measured(name: str) -> float | None:
    now = START + timedelta(days=1)
    found = counted(now, *LINE)
    (figure,) = (f for f in found if (f.name, f.environment) == (name, "production"))
    assert figure.meaning
    assert len(figure.points) == 14
    (point,) = (point for point in figure.points if point.week == WEEK)
    return point.value


def test_deployments_are_those_that_brought_something_else_forward() -> None:
    assert measured("deployments") == 2


def test_the_lead_time_is_from_the_merge_to_the_first_time_it_was_live() -> None:
    second = 3 * HOUR - 1 + 1
    assert measured("lead") == ((2 * HOUR + 1) + second) / 2 / HOUR


def test_a_failure_is_a_failed_deployment_or_one_that_was_rolled_back_later() -> None:
    assert measured("failures") == 100 * 2 / 3


def test_recovery_is_from_the_bad_release_to_its_rollback() -> None:
    assert measured("recovery") == 1


def test_a_week_without_anything_to_measure_has_no_value() -> None:
    (figure, *_) = (f for f in figures(SITE, {}, [], START) if f.name == "lead")
    assert {point.value for point in figure.points} == {None}


def weekly(
    name: str, *builds: Build, now: datetime = START + timedelta(days=20), environment: str = ""
) -> dict[date, float | None]:
    """A figure of one environment, production unless another is named, by week."""
    found = counted(now, *builds)
    wanted = (name, environment or "production")
    (figure,) = (f for f in found if (f.name, f.environment) == wanted)
    return {point.week: point.value for point in figure.points}


def ended(build: Build, finished: datetime) -> Build:
    """The same build at another time."""
    began = finished - timedelta(seconds=30)
    return build.model_copy(update={"requested": began, "started": began, "finished": finished})


def test_weeks_are_the_mondays_of_ninety_days_without_a_gap() -> None:
    weeks = list(weekly("deployments"))
    assert (weeks[0], weeks[-1]) == (date(2026, 9, 14), date(2026, 12, 7))
    assert {later - week for week, later in pairwise(weeks)} == {timedelta(weeks=1)}


def test_an_empty_week_between_two_others_stays() -> None:
    later = START + timedelta(weeks=2)
    first, second = build(1, action="promote", live=OLD), build(2, action="promote", live=NEW)
    builds = first, ended(second, later)
    assert list(weekly("deployments", *builds).values())[-3:] == [1, 0, 1]
    assert list(weekly("failures", *builds).values())[-3:] == [0, None, 0]


@pytest.mark.parametrize("name", ["lead", "failures", "recovery"])
def test_a_week_of_refusals_has_nothing_to_measure(name: str) -> None:
    refused = build(1, action="promote", results=FAILURE, state_string="failed refused: frozen")
    idle = build(2, action="deploy", results=SKIPPED, state_string="nothing moves", digest=OLD)
    assert set(weekly(name, refused, idle).values()) == {None}
    assert set(weekly("deployments", refused, idle).values()) == {0}


def test_a_rollback_is_no_deployment_and_no_failure_of_its_own() -> None:
    """What it took back failed, in the week in which that was deployed."""
    builds = (
        build(1, action="promote", live=OLD),
        build(2, action="promote", live=NEW),
        ended(build(3, action="roll-back", live=OLD), START + timedelta(weeks=1)),
    )
    assert list(weekly("deployments", *builds).values())[-3:] == [2, 0, 0]
    assert list(weekly("failures", *builds).values())[-3:] == [50, None, None]
    recovery = weekly("recovery", *builds)
    came = START + timedelta(minutes=2, seconds=30)
    hours = (START + timedelta(weeks=1) - came).total_seconds() / 3600
    assert list(recovery.values())[-3:] == [None, hours, None]


def test_a_rollback_of_one_component_says_nothing_about_another() -> None:
    docs = "docs-production"
    builds = (
        build(1, action="promote", live=OLD),
        build(2, action="promote", live=NEW),
        build(3, docs, action="promote", live=OLD),
        build(4, docs, minutes=HOUR, action="promote", live=NEW),
        build(5, docs, minutes=2 * HOUR, action="roll-back", live=OLD),
    )
    assert weekly("failures", *builds)[WEEK] == 25
    assert weekly("recovery", *builds)[WEEK] == 1


def test_environments_are_counted_apart() -> None:
    builds = (
        build(1, "blog-staging", action="deploy", live=OLD),
        build(2, "blog-staging", action="deploy", live=NEW),
        build(3, action="promote", live=NEW),
    )
    assert weekly("deployments", *builds)[WEEK] == 1
    assert weekly("deployments", *builds, environment="staging")[WEEK] == 2


def test_a_week_begins_on_monday_at_midnight_utc() -> None:
    midnight = datetime(2026, 11, 23, tzinfo=UTC)
    second = timedelta(seconds=1)
    before = ended(build(1, action="promote", live=OLD), midnight - second)
    at = ended(build(2, action="promote", live=NEW), midnight)
    end = ended(build(3, action="promote", live=NEWER), midnight + timedelta(weeks=1) - second)
    assert list(weekly("deployments", before, at, end).values())[-4:] == [1, 2, 0, 0]


def test_the_clock_of_the_master_may_stand_in_another_time_zone() -> None:
    """Monday at one o'clock in Berlin is Sunday in UTC."""
    berlin = timezone(timedelta(hours=1))
    assert list(weekly("lead", now=datetime(2026, 11, 23, 0, 59, tzinfo=berlin)))[-1] == date(
        2026, 11, 16
    )
    assert list(weekly("lead", now=datetime(2026, 11, 23, 1, 0, tzinfo=berlin)))[-1] == WEEK


def test_what_is_older_than_the_weeks_shown_is_not_counted() -> None:
    first = datetime(2026, 8, 24, tzinfo=UTC)
    old = ended(build(1, action="promote", live=OLD), first - timedelta(seconds=1))
    assert min(weekly("deployments", now=START)) == first.date()
    assert set(weekly("deployments", old, now=START).values()) == {0}
    assert set(weekly("failures", old, now=START).values()) == {None}
