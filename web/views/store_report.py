"""What the store holds, and what was removed from it last."""

from collections.abc import Collection
from datetime import datetime

from pydantic import BaseModel

from releases.ledger import Build
from releases.store import StoredArtifact


class StoreReport(BaseModel):
    """The artifacts on the master's disk."""

    artifacts: int
    """How many there are."""
    size: int
    """Bytes of all of them."""
    oldest: datetime | None
    """When the oldest was stored; None for an empty store."""
    free: int
    """Bytes that are free on its disk."""
    removed: str
    """The sentence of the last build that removed what is not kept; empty before the first."""
    removed_at: datetime | None
    link: str
    """That build's page in the UI."""


def store_report(
    artifacts: Collection[StoredArtifact], free: int, removals: Collection[Build]
) -> StoreReport:
    """The report; `removals` are builds, newest first."""
    last = next((build for build in removals if build.finished), None)
    return StoreReport(
        artifacts=len(artifacts),
        size=sum(artifact.size for artifact in artifacts),
        oldest=min((artifact.modified for artifact in artifacts), default=None),
        free=free,
        removed=last.sentence if last else "",
        removed_at=last.finished if last else None,
        link=last.link if last else "",
    )
