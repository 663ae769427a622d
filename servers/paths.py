"""The paths of an installation that provisioning reads and writes."""

from pathlib import Path
from typing import Protocol


class ServerPaths(Protocol):
    """An installation's files; some of them are those of one environment."""

    @property
    def state(self) -> Path:
        """The installation's folder, with one folder for each environment."""

    @property
    def environments(self) -> str:
        """The folder of the site with the environments' files."""

    @property
    def clouds(self) -> Path | None:
        """`clouds.yaml`; None: where openstacksdk looks for it."""

    @property
    def operator_key(self) -> Path:
        """The private SSH key that prepares servers; its public half has the suffix `.pub`."""

    @property
    def signing_key(self) -> Path:
        """The public half of the key that signs releases."""

    def deploy_key(self, environment: str) -> Path:
        """The public SSH key of an environment's deploy worker."""

    def machines(self, environment: str) -> Path:
        """The inventory of an environment: `machines.json`."""

    def authority(self, environment: str) -> Path:
        """The certificates with which an environment's pages can be verified."""
