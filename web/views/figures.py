"""How well deployments go: four figures by week, over the last ninety days, from the ledger."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from model.reading import Model, Name
from model.site import Site
from releases.history import Action
from releases.ledger import Builds
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


def figures(
    site: Site, builds: Builds, newest_first: Sequence[Deployment], now: datetime
) -> list[Figure]:
    """Every figure of every environment."""
    merged: dict[str | None, datetime] = {
        str(digest): build.requested
        for component in site.components
        for build in builds.get(component.builder, ())
        if (digest := build.properties.get("recorded"))
    }
    weeks = mondays(now)
    return [
        Figure(
            name=name,
            environment=environment.name,
            meaning=meaning,
            points=tuple(
                Point(week=week, value=value(name, week, deployments, merged)) for week in weeks
            ),
        )
        for environment in site.environments
        for deployments in [
            [d for d in reversed(newest_first) if d.environment == environment.name]
        ]
        for name, meaning in DEFINITIONS.items()
    ]


def value(
    name: str,
    week: date,
    deployments: Sequence[Deployment],
    merged: Mapping[str | None, datetime],
) -> float | None:
    """One figure of one week.

    `deployments` are those to one environment, oldest first; `merged` says when the master noticed
    the merge that a digest was built from.
    """
    match name:
        case "deployments":
            return float(len(in_week(week, arrivals(deployments))))
        case "lead":
            first = [d for d in in_week(week, first_arrivals(deployments)) if d.digest in merged]
            return median(hours(d.finished - merged[d.digest]) for d in first)
        case "failures":
            return percentage(in_week(week, attempts(deployments)), failed_links(deployments))
        case _:
            pairs = [p for p in rollbacks(deployments) if monday(p[1].finished) == week]
            return median(
                hours(rollback.finished - arrival.finished) for arrival, rollback in pairs
            )


def mondays(now: datetime) -> list[date]:
    first, last = monday(now - timedelta(days=DAYS)), monday(now)
    return [first + timedelta(weeks=n) for n in range((last - first).days // 7 + 1)]


def monday(when: datetime) -> date:
    """The Monday of a moment's week, in UTC."""
    day = when.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


def in_week(week: date, deployments: Iterable[Deployment]) -> list[Deployment]:
    return [d for d in deployments if monday(d.finished) == week]


def arrivals(deployments: Sequence[Deployment]) -> list[Deployment]:
    """The deployments that made another release live, without rollbacks."""
    return [
        d
        for d in deployments
        if d.made_live and d.digest != d.before and d.action != Action.ROLL_BACK
    ]


def first_arrivals(deployments: Sequence[Deployment]) -> list[Deployment]:
    """The first arrival of each release."""
    first: dict[str | None, Deployment] = {}
    for deployment in arrivals(deployments):
        first.setdefault(deployment.digest, deployment)
    return list(first.values())


def attempts(deployments: Sequence[Deployment]) -> list[Deployment]:
    """The arrivals, and the deployments and promotions that failed."""
    actions = (Action.DEPLOY, Action.PROMOTE)
    failed = [d for d in deployments if d.outcome == "failed" and d.action in actions]
    return [*arrivals(deployments), *failed]


def rollbacks(deployments: Sequence[Deployment]) -> list[tuple[Deployment, Deployment]]:
    """Each rollback, after the arrival that it undid."""
    pairs = []
    last: dict[tuple[str, str | None], Deployment] = {}
    for deployment in deployments:
        if deployment.action == Action.ROLL_BACK and deployment.made_live:
            if arrival := last.get((deployment.component, deployment.before)):
                pairs.append((arrival, deployment))
        elif deployment.made_live and deployment.digest != deployment.before:
            last[deployment.component, deployment.digest] = deployment
    return pairs


def failed_links(deployments: Sequence[Deployment]) -> set[str]:
    """The links of the builds that failed, or whose release was rolled back."""
    rolled_back = {arrival.link for arrival, _ in rollbacks(deployments)}
    return rolled_back | {d.link for d in deployments if d.outcome == "failed"}


def percentage(deployments: Sequence[Deployment], links: set[str]) -> float | None:
    """How many of the deployments have one of these links, in per cent."""
    if not deployments:
        return None
    return 100 * sum(d.link in links for d in deployments) / len(deployments)


def hours(span: timedelta) -> float:
    return span.total_seconds() / 3600


def median(values: Iterable[float]) -> float | None:
    numbers = list(values)
    return statistics.median(numbers) if numbers else None
