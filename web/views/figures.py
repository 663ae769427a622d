"""How well deployments go: four figures by week, over the last ninety days, from the ledger."""

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from model.reading import Model, Name
from model.site import Site
from releases.history import Action
from web.views.deployments import Deployment

DAYS = 90
FIGURE_PROPERTIES = ("action", "decision", "digest", "live")
"""The properties of builds that the figures are counted from."""

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
    site: Site,
    merged: Mapping[str, datetime],
    newest_first: Sequence[Deployment],
    now: datetime,
) -> list[Figure]:
    """Every figure of every environment.

    `merged` says when the master noticed the merge that a digest was built from.
    """
    weeks = mondays(now)
    return [
        Figure(
            name=name,
            environment=environment.name,
            meaning=DEFINITIONS[name],
            points=tuple(Point(week=week, value=values.get(week, empty)) for week in weeks),
        )
        for environment in site.environments
        for deployments in [
            [d for d in reversed(newest_first) if d.environment == environment.name]
        ]
        for name, values, empty in [
            ("deployments", deployments_by_week(deployments), 0.0),
            ("lead", lead_by_week(deployments, merged), None),
            ("failures", failures_by_week(deployments), None),
            ("recovery", recovery_by_week(deployments), None),
        ]
    ]


# The figures of one environment by week; `deployments` are oldest first.


def deployments_by_week(deployments: Sequence[Deployment]) -> dict[date, float]:
    weeks = by_week((d, 1.0) for d in arrivals(deployments))
    return {week: float(len(ones)) for week, ones in weeks.items()}


def lead_by_week(
    deployments: Sequence[Deployment], merged: Mapping[str, datetime]
) -> dict[date, float]:
    weeks = by_week(
        (deployment, hours(deployment.finished - merged[digest]))
        for digest, deployment in first_arrivals(deployments).items()
        if digest in merged
    )
    return {week: statistics.median(spans) for week, spans in weeks.items()}


def failures_by_week(deployments: Sequence[Deployment]) -> dict[date, float]:
    failed = failed_links(deployments)
    weeks = by_week((d, 100.0 * (d.link in failed)) for d in attempts(deployments))
    return {week: statistics.fmean(shares) for week, shares in weeks.items()}


def recovery_by_week(deployments: Sequence[Deployment]) -> dict[date, float]:
    weeks = by_week(
        (rollback, hours(rollback.finished - arrival.finished))
        for arrival, rollback in rollbacks(deployments)
    )
    return {week: statistics.median(spans) for week, spans in weeks.items()}


def by_week(measured: Iterable[tuple[Deployment, float]]) -> dict[date, list[float]]:
    """The values of each week in which a deployment ended."""
    weeks: defaultdict[date, list[float]] = defaultdict(list)
    for deployment, value in measured:
        weeks[monday(deployment.finished)].append(value)
    return weeks


def first_moment(now: datetime) -> datetime:
    """The end of the earliest deployment that is looked at.

    It is as long before the first week as the figures last, so that a rollback finds the deployment
    that it undid, and a release that came before is not counted as new.
    """
    return datetime.combine(mondays(now)[0], time(), UTC) - timedelta(days=DAYS)


def mondays(now: datetime) -> list[date]:
    first, last = monday(now - timedelta(days=DAYS)), monday(now)
    return [first + timedelta(weeks=n) for n in range((last - first).days // 7 + 1)]


def monday(when: datetime) -> date:
    """The Monday of a moment's week, in UTC."""
    day = when.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


def arrivals(deployments: Sequence[Deployment]) -> list[Deployment]:
    """The deployments that made another release live, without rollbacks."""
    return [
        d
        for d in deployments
        if d.made_live and d.digest != d.before and d.action != Action.ROLL_BACK
    ]


def first_arrivals(deployments: Sequence[Deployment]) -> dict[str, Deployment]:
    """The first arrival of each release."""
    first: dict[str, Deployment] = {}
    for deployment in arrivals(deployments):
        first.setdefault(deployment.digest or "", deployment)
    return first


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


def hours(span: timedelta) -> float:
    return span.total_seconds() / 3600
