"""status: which releases are here, which is live, whether something is unfinished."""

import json
from datetime import datetime

from agent.component_directory import Place
from model.release import Digest


def status(place: Place) -> str:
    """JSON for the Releases page and for choosing what to roll back to."""
    present = place.present() if place.releases.is_dir() else []
    return json.dumps(
        {
            "current": place.live,
            "releases": [release(place, digest) for digest in present],
            "unfinished": place.journal.unfinished() is not None,
        }
    )


def release(place: Place, digest: Digest) -> dict[str, str | None]:
    return {
        "digest": digest,
        "prepared_at": iso(place.journal.last(digest, "prepared")),
        "live_since": iso(place.journal.last(digest, "live")),
    }


def iso(time: datetime | None) -> str | None:
    return time.isoformat() if time else None
