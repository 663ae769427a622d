"""One secret in a file of the master's folder of secrets; the others are not looked at."""

import stat
from pathlib import Path

from model.encoding import wrong_line

READABLE_BY_OTHERS = stat.S_IROTH | stat.S_IWOTH | stat.S_IXOTH


class UnusableSecret(KeyError):
    """A secret that is there and cannot be used; the text names its file and what is wrong.

    A KeyError, as Buildbot raises for a secret that is missing.
    """

    def __str__(self) -> str:
        return str(self.args[0])


def read_secret(file: Path) -> str | None:
    """The text of a secret as it is now, without line ends at its end; None without a file.

    Raises UnusableSecret.
    """
    try:
        mode = file.stat().st_mode
        if not stat.S_ISREG(mode):
            raise UnusableSecret(f"{file}: is no file, so it holds no secret")
        if mode & READABLE_BY_OTHERS:
            raise UnusableSecret(f"{file}: others may read it: chmod o= {file}")
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnusableSecret(f"{file}: {error.strerror}") from None
    try:
        return content.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        line = wrong_line(error)
        raise UnusableSecret(f"{file}: line {line} is not UTF-8, which a secret must be") from None
