"""What is not kept any more is removed every night."""

from buildbot.schedulers.timed import Nightly

from model.retention import RETENTION_BUILDER

HOUR, MINUTE = 4, 11
"""After the nightly trials."""


def scheduler() -> Nightly:
    return Nightly(
        name="nightly-retention", builderNames=[RETENTION_BUILDER], hour=HOUR, minute=MINUTE
    )
