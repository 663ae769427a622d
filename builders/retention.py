"""What removes artifacts and logs that are not kept; builds stay, because they are the ledger."""

from datetime import timedelta

from buildbot.config.builder import BuilderConfig
from buildbot.process.factory import BuildFactory

from builders.choice import newest_is_enough
from model.retention import RETENTION_BUILDER
from model.site import Site
from releases.store import Store
from steps.remove_artifacts import RemoveArtifacts
from steps.remove_logs import RemoveLogs


def builder(site: Site, store: Store, worker: str) -> BuilderConfig:
    """Both steps run on the master, and the worker does nothing.

    Buildbot's JanitorConfigurator would need a builder and a worker of its own for the logs.
    """
    return BuilderConfig(
        name=RETENTION_BUILDER,
        description="Removes artifacts and logs that are not kept",
        workernames=[worker],
        factory=BuildFactory(
            [
                RemoveArtifacts(site, store),
                RemoveLogs(timedelta(days=site.retention.log_days)),
            ]
        ),
        collapseRequests=newest_is_enough,
    )
