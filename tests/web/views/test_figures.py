"""Deployments told by a ledger, and the figures counted from them."""

from datetime import date, timedelta

from buildbot.process.results import FAILURE, SKIPPED

from releases.ledger import Build
from tests.releases.ledgers import NEW, NEWER, OLD, SITE, START, build, ledger
from web.views.deployments import Deployment, all_deployments
from web.views.figures import figures

WEEK = date(2026, 11, 23)
HOUR = 60
LINE = (
    build(1, "blog-build", minutes=0, recorded=OLD),
    build(2, "blog-build", minutes=1, recorded=NEW),
    build(1, minutes=2 * HOUR, action="promote", live=OLD),
    build(2, minutes=3 * HOUR, action="promote", live=NEW),
    build(3, minutes=4 * HOUR, action="roll-back", live=OLD),
    build(4, minutes=5 * HOUR, action="promote", results=FAILURE, digest=NEWER),
    build(5, minutes=6 * HOUR, action="promote", results=FAILURE, state_string="failed refused: frozen"),
    build(6, minutes=7 * HOUR, action="deploy", results=SKIPPED, state_string="nothing moves"),
    build(7, minutes=8 * HOUR, action="promote", live=OLD),
)  # fmt: skip


def told(*builds: Build) -> list[Deployment]:
    return all_deployments(SITE, ledger(*builds))


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


def test_what_concerns_the_whole_site_is_in_the_history_and_what_runs_is_not() -> None:
    freeze = build(1, "site-production", action="freeze")
    running = build(2, action="promote", results=None)
    assert [(d.component, d.action) for d in told(freeze, running)] == [("site", "freeze")]


def measured(name: str) -> float | None:
    now = START + timedelta(days=1)
    known = ledger(*LINE)
    found = figures(SITE, known, all_deployments(SITE, known), now)
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
