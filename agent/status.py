"""status: which releases are here, which is live, whether something is unfinished."""

import json
from datetime import datetime

from agent.component_directory import ComponentDirectory
from model.release import Digest


def status(directory: ComponentDirectory) -> str:
    """JSON for the Releases page and for choosing what to roll back to."""
    present = directory.present() if directory.releases.is_dir() else []
    return json.dumps(
        {
            "current": directory.live,
            "releases": [release(directory, digest) for digest in present],
            "unfinished": directory.journal.unfinished() is not None,
        }
    )


def release(directory: ComponentDirectory, digest: Digest) -> dict[str, str | None]:
    return {
        "digest": digest,
        "prepared_at": iso(directory.journal.last(digest, "prepared")),
        "live_since": iso(directory.journal.last(digest, "live")),
    }


def iso(time: datetime | None) -> str | None:
    return time.isoformat() if time else None
