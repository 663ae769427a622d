"""How long the master keeps artifacts and logs, and when little space is left for them."""

from typing import Annotated

from pydantic import Field

from model.reading import Model

RETENTION_BUILDER = "retention"
"""The builder that removes what is not kept."""


class Retention(Model):
    """What stays beside the artifacts that an environment may still need.

    Builds and their properties stay for ever: they are the history of the releases.
    """

    days: Annotated[int, Field(ge=1)] = 30
    """Artifacts that are not older stay."""
    newest: Annotated[int, Field(ge=1)] = 10
    """So many of each component's newest artifacts stay, however old."""
    log_days: Annotated[int, Field(ge=1)] = 180
    """Logs of builds that began earlier are deleted."""
    free_percent: Annotated[int, Field(ge=0, lt=100)] = 10
    """The UI warns when less of the store's disk is free."""
