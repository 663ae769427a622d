"""What the store holds, and what was removed from it last."""

from collections.abc import Collection
from datetime import datetime

from pydantic import BaseModel

from model.plural import plural
from model.reading import Name
from model.retention import Retention
from model.site import Site
from releases.buttons import REMOVE
from releases.ledger import Build
from releases.store import StoredArtifact


class StoreReport(BaseModel):
    """The artifacts on the master's disk, and the button that removes what is not kept."""

    artifacts: int
    """How many there are."""
    size: int
    """Bytes of all of them."""
    oldest: datetime | None
    """When the oldest was stored; None for an empty store."""
    free: int
    """Bytes that are free on its disk."""
    disk: int
    """Bytes of its disk."""
    warning: str
    """Why the free space is too little; empty while it is enough."""
    kept: str
    """What is not removed."""
    removed: str
    """The sentence of the last build that removed what is not kept; empty before the first."""
    removed_at: datetime | None
    removal_failed: bool
    """Whether that build did not remove everything that it should have."""
    link: str
    """That build's page in the UI."""
    releasers: tuple[Name, ...]
    """Who may press the button."""
    button: str
    """The name of the force scheduler that starts such a build."""
    builder_id: int | None
    """What it is pressed for."""


def store_report(
    site: Site,
    artifacts: Collection[StoredArtifact],
    space: tuple[int, int],
    removals: Collection[Build],
    builder_id: int | None,
) -> StoreReport:
    """The report; `space` is the disk's size and what is free, `removals` are newest first."""
    disk, free = space
    last = next((build for build in removals if build.finished), None)
    return StoreReport(
        artifacts=len(artifacts),
        size=sum(artifact.size for artifact in artifacts),
        oldest=min((artifact.modified for artifact in artifacts), default=None),
        free=free,
        disk=disk,
        warning=space_warning(disk, free, site.retention.free_percent),
        kept=kept_sentence(site.retention),
        removed=last.sentence if last else "",
        removed_at=last.finished if last else None,
        removal_failed=bool(last and not last.succeeded),
        link=last.link if last else "",
        releasers=site.releasers,
        button=REMOVE,
        builder_id=builder_id,
    )


def kept_sentence(retention: Retention) -> str:
    """What is not removed, as `releases.needed_artifacts` decides it."""
    return (
        f"Artifacts of the last {plural(retention.days, 'day')}, the newest of each component "
        f"({retention.newest}) and all that an environment may still need are kept."
    )


def space_warning(disk: int, free: int, percent: int) -> str:
    """Why the free space is too little; empty while so many percent of the disk are free."""
    if free * 100 >= disk * percent:
        return ""
    return (
        f"Less than {percent} % of the store's disk is free. On a full disk no build can be stored."
    )
