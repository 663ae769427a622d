"""Secrets from files, each read when it is used: a new or rotated one needs no restart."""

from pathlib import Path

from buildbot.config.errors import error
from buildbot.secrets.providers.base import SecretProviderBase

from releases.secret_file import read_secret


class SecretFolder(SecretProviderBase):
    """Reads only the file of the secret that is asked for.

    Buildbot's own provider reads all files when the master starts, whatever they are, and never
    again.
    """

    name = "SecretFolder"

    def checkConfig(self, folder: str) -> None:
        if not Path(folder).is_dir():
            error(f"{folder}: the folder of secrets is missing")

    def reconfigService(self, folder: str) -> None:  # type: ignore[override]  # as Buildbot itself
        self.folder = Path(folder)

    def get(self, entry: str) -> str | None:
        """The text of a secret as it is now; None when there is none. Raises UnusableSecret."""
        return None if "/" in entry else read_secret(self.folder / entry)
