"""How well the line works, counted from the ledger: a week at a time, over the last ninety days."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from model.reading import Model, Name
from model.site import Site
from releases.ledger import Builds
from releases.rules import Action
from web.views.deployments import Deployment

DAYS = 90

DEFINITIONS = {
    "deployments": "Deployments that made a release live which was not live before, "
    "rollbacks left out.",
    "lead": "From the moment the master heard of a merge until the release made of it was live, "
    "in hours: the median of the week.",
    "failures": "Deployments that failed, and those whose release was rolled back later, of all "
    "deployments that were tried; refusals are none.",
    "recovery": "From the moment a release went live that was rolled back later until the rollback "
    "was live, in hours: the median of the week.",
}
"""What each figure means."""


class Point(Model):
    """One figure of one week."""

    week: date
    """Its Monday."""
    value: float | None
    """None when there was nothing to measure."""


class Figure(Model):
    """One curve."""

    name: str
    environment: Name
    meaning: str
    points: tuple[Point, ...]


def figures(site: Site, known: Builds, done: Sequence[Deployment], now: datetime) -> list[Figure]:
    """Every figure of every environment; `done` newest first."""
    heard: dict[str | None, datetime] = {
        str(digest): build.requested
        for component in site.components
        for build in known.get(component.builder, ())
        if (digest := build.properties.get("recorded"))
    }
    weeks = mondays(now)
    return [
        Figure(
            name=name,
            environment=environment.name,
            meaning=meaning,
            points=tuple(
                Point(week=week, value=measured(name, week, here, heard)) for week in weeks
            ),
        )
        for environment in site.environments
        for here in [[one for one in reversed(done) if one.environment == environment.name]]
        for name, meaning in DEFINITIONS.items()
    ]


def measured(
    name: str, week: date, here: Sequence[Deployment], heard: Mapping[str | None, datetime]
) -> float | None:
    """One figure of one week; `here` holds what was done in one environment, oldest first."""
    match name:
        case "deployments":
            return float(len(within(week, arrivals(here))))
        case "lead":
            known = [one for one in within(week, firsts(here)) if one.digest in heard]
            return median(hours(one.finished - heard[one.digest]) for one in known)
        case "failures":
            return share(within(week, tried(here)), bad(here))
        case _:
            pairs = [pair for pair in returns(here) if monday(pair[1].finished) == week]
            return median(hours(back.finished - came.finished) for came, back in pairs)


def mondays(now: datetime) -> list[date]:
    first, last = monday(now - timedelta(days=DAYS)), monday(now)
    return [first + timedelta(weeks=n) for n in range((last - first).days // 7 + 1)]


def monday(moment: datetime) -> date:
    day = moment.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


def within(week: date, some: Iterable[Deployment]) -> list[Deployment]:
    return [one for one in some if monday(one.finished) == week]


def arrivals(here: Sequence[Deployment]) -> list[Deployment]:
    """Those that made another release live, going forward."""
    return [
        one
        for one in here
        if one.made_live and one.digest != one.before and one.action != Action.ROLL_BACK
    ]


def firsts(here: Sequence[Deployment]) -> list[Deployment]:
    """The first arrival of each release."""
    found: dict[str | None, Deployment] = {}
    for one in arrivals(here):
        found.setdefault(one.digest, one)
    return list(found.values())


def tried(here: Sequence[Deployment]) -> list[Deployment]:
    failed = [
        one
        for one in here
        if one.outcome == "failed" and one.action in (Action.DEPLOY, Action.PROMOTE)
    ]
    return [*arrivals(here), *failed]


def returns(here: Sequence[Deployment]) -> list[tuple[Deployment, Deployment]]:
    """Each rollback with the arrival that it took back."""
    found = []
    last: dict[tuple[str, str | None], Deployment] = {}
    for one in here:
        if one.action == Action.ROLL_BACK and one.made_live:
            if came := last.get((one.component, one.before)):
                found.append((came, one))
        elif one.made_live and one.digest != one.before:
            last[one.component, one.digest] = one
    return found


def bad(here: Sequence[Deployment]) -> set[str]:
    """The builds that failed, or whose release was rolled back."""
    returned = {came.link for came, _ in returns(here)}
    return returned | {one.link for one in here if one.outcome == "failed"}


def share(some: Sequence[Deployment], wrong: set[str]) -> float | None:
    """Per cent."""
    return 100 * sum(one.link in wrong for one in some) / len(some) if some else None


def hours(span: timedelta) -> float:
    return span.total_seconds() / 3600


def median(values: Iterable[float]) -> float | None:
    found = list(values)
    return statistics.median(found) if found else None
