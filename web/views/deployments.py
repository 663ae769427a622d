"""What was done to releases, one line each: what the history shows and the figures count."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from buildbot.process.results import CANCELLED, FAILURE, RETRY, SKIPPED, SUCCESS

from model.environment import SITE
from model.reading import Model, Name
from model.site import Site
from releases.finished_builds import FinishedBuild
from releases.history import DECISION, Action, Decision
from releases.ledger import Build
from releases.site_wide import SiteAction

OUTCOMES = {SUCCESS: "done", FAILURE: "failed", SKIPPED: "nothing moved", RETRY: "repeated"}
OUTCOMES |= {CANCELLED: "stopped"}


class Deployment(Model):
    """One complete build that moved a release, was to move one, or noted something about one."""

    build: int
    link: str
    component: Name
    """`site` for what concerns all of them."""
    environment: Name
    action: str
    """An `Action`; of what concerns all components, a `SiteAction`."""
    before: str | None
    """The digest that was live before."""
    digest: str | None
    """The one that it was about."""
    configured: str = ""
    """The rendered files of a new configuration of the release that was live before."""
    release: str
    """The upstream's release of that digest, as far as the build knew it."""
    made_live: bool
    outcome: str
    """`done`, `refused`, `failed`, `nothing moved`, `stopped`, `repeated`."""
    message: str
    owner: str
    reason: str
    freeze_override: str
    """Why a freeze did not stop it."""
    requested: datetime
    started: datetime
    finished: datetime

    @property
    def seconds(self) -> float:
        return (self.finished - self.started).total_seconds()


class HistoryPage(Model):
    """Some deployments, the last one first."""

    deployments: tuple[Deployment, ...]
    older: str | None
    """The parameter `older` of the next page; None for the last one."""


def deployment_builders(site: Site, component: str | None = None) -> dict[str, tuple[str, str]]:
    """The component and the environment of each builder that makes deployments."""
    environments = site.environments
    pairs = {e.builder(c): (c.name, e.name) for c in site.components for e in environments}
    pairs |= {e.site_builder: (SITE, e.name) for e in environments}
    return {name: pair for name, pair in pairs.items() if component in (None, pair[0])}


def deployments(
    builders: Mapping[str, tuple[str, str]], finished: Iterable[FinishedBuild]
) -> list[Deployment]:
    """What these builds did, in their order; a build without an action did nothing."""
    return [
        deployment(*builders[each.build.builder], each)
        for each in finished
        if each.build.properties.get("action") in (*Action, *SiteAction)
    ]


def deployment(component: str, environment: str, finished: FinishedBuild) -> Deployment:
    build, before = finished
    properties = build.properties
    return Deployment(
        build=build.number,
        link=build.link,
        component=component,
        environment=environment,
        action=str(properties["action"]),
        before=before,
        digest=build.digest,
        configured=properties.get("configured") or "",
        release=properties.get("release") or "",
        made_live=build.made_live,
        outcome=build_outcome(build),
        message=build.sentence,
        owner=build.owner,
        reason=build.reason,
        freeze_override=properties.get("freeze_override") or properties.get("despite") or "",
        requested=build.requested,
        started=build.started,
        finished=build.finished or build.started,
    )


def build_outcome(build: Build) -> str:
    if build.results == FAILURE and is_refused(build):
        return "refused"
    return OUTCOMES.get(build.results if build.results is not None else FAILURE, "failed")


def is_refused(build: Build) -> bool:
    """Whether a rule refused it; older builds say so in their sentence alone."""
    decision = build.properties.get(DECISION)
    return decision == Decision.REFUSED if decision else build.sentence.startswith("refused")
