"""status: which releases are installed, which one is live, whether a deployment is unfinished."""

import json
from datetime import datetime

from agent.component_directory import ComponentDirectory
from model.release import Digest


def status(directory: ComponentDirectory) -> str:
    """JSON; every installed release can be rolled back to."""
    digests = directory.installed_digests() if directory.releases.is_dir() else []
    return json.dumps(
        {
            "current": directory.live,
            "releases": [release_status(directory, digest) for digest in digests],
            "unfinished": directory.journal.unfinished() is not None,
        }
    )


def release_status(directory: ComponentDirectory, digest: Digest) -> dict[str, str | None]:
    return {
        "digest": digest,
        "prepared_at": iso_time(directory.journal.last_time(digest, "prepared")),
        "live_since": iso_time(directory.journal.last_time(digest, "live")),
    }


def iso_time(time: datetime | None) -> str | None:
    return time.isoformat() if time else None
