"""What was done to releases, one line each: what the history shows and the figures count."""

from collections.abc import Collection, Iterable
from datetime import datetime

from buildbot.process.results import CANCELLED, FAILURE, RETRY, SKIPPED, SUCCESS

from model.environment import SITE, Environment
from model.reading import Model, Name
from model.site import Site
from releases.history import Action
from releases.ledger import Build, Builds
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


def all_deployments(site: Site, builds: Builds) -> list[Deployment]:
    """Every deployment of a site in the ledger, newest first."""
    builders = [(c.name, e, e.builder(c)) for c in site.components for e in site.environments]
    builders += [(SITE, e, e.site_builder) for e in site.environments]
    unsorted = [
        deployment
        for component, environment, builder in builders
        for deployment in deployments(component, environment, builds.get(builder, ()))
    ]
    return sorted(unsorted, key=lambda item: (item.finished, item.build), reverse=True)


def deployments(
    component: str, environment: Environment, newest_first: Collection[Build]
) -> Iterable[Deployment]:
    """The deployments of one component to one environment, oldest first."""
    live: str | None = None
    for build in reversed(tuple(newest_first)):
        properties = build.properties
        action = str(properties.get("action"))
        if build.finished is None or action not in (*Action, *SiteAction):
            continue
        yield Deployment(
            build=build.number,
            link=build.link,
            component=component,
            environment=environment.name,
            action=action,
            before=live,
            digest=build.digest,
            release=properties.get("release") or "",
            made_live=build.made_live,
            outcome=outcome(build),
            message=build.sentence,
            owner=build.owner,
            reason=build.reason,
            freeze_override=properties.get("freeze_override") or properties.get("despite") or "",
            requested=build.requested,
            started=build.started,
            finished=build.finished,
        )
        if build.made_live:
            live = build.digest


def outcome(build: Build) -> str:
    if build.results == FAILURE and build.sentence.startswith("refused"):
        return "refused"
    return OUTCOMES.get(build.results if build.results is not None else FAILURE, "failed")
