"""What an installation hands in: where it keeps what concerns its servers."""

from pathlib import Path
from typing import Protocol


class ServerPaths(Protocol):
    """An installation's files; each environment has some of its own."""

    @property
    def state(self) -> Path:
        """The installation's folder, with one folder for each environment."""

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
        """Which machines an environment has: `machines.json`."""

    def authority(self, environment: str) -> Path:
        """The certificates with which an environment's pages can be verified."""
