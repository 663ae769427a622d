"""Secrets from files, each read when it is used: a new or rotated one needs no restart."""

from pathlib import Path

from buildbot.secrets.providers.file import SecretInAFile


class SecretFolder(SecretInAFile):
    """Buildbot's own provider reads all files when the master starts, and never again."""

    name = "SecretFolder"

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))

    def get(self, entry: str) -> str | None:
        """The text of a secret's file as it is now; None without one.

        Raises buildbot.config.ConfigErrors when others may read the file.
        """
        path = Path(self._dirname) / entry
        if not path.is_file():
            return None
        self.checkFileIsReadOnly(self._dirname, entry)
        return path.read_text("utf-8").rstrip("\r\n")
