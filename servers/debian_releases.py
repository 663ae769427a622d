"""The releases of Debian that Slipway runs on, and what differs between them.

Standard library only: `local.bootstrap` reads it first.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PHP_PARTS = ("cli", "curl", "fpm", "gd", "intl", "mbstring", "mysql", "xml")
OS_RELEASE = Path("/etc/os-release")
"""https://www.freedesktop.org/software/systemd/man/latest/os-release.html"""


class UnsupportedRelease(Exception):
    """The text says what a machine has and what is allowed: `has 'Debian 11'; allowed are …`."""


@dataclass(frozen=True)
class DebianRelease:
    """One release of Debian."""

    number: int
    codename: str
    php: str
    """The version of PHP, which is a part of the names of its packages and programs."""
    from_older: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Packages that only an older release has, with its codename."""

    def __str__(self) -> str:
        return f"Debian {self.number} ({self.codename})"

    @property
    def php_fpm(self) -> str:
        """The program."""
        return f"php-fpm{self.php}"

    @property
    def server_packages(self) -> tuple[str, ...]:
        """For a server on this machine, and for a machine of its own."""
        return (
            "caddy",
            "mariadb-client",
            "mariadb-server-core",
            "nodejs",
            "openssl",
            "php-apcu",
            *(f"php{self.php}-{part}" for part in PHP_PARTS),
            "python3-venv",
            "zstd",
        )


BOOKWORM = DebianRelease(12, "bookworm", php="8.2")
TRIXIE = DebianRelease(13, "trixie", php="8.4", from_older={"php-codesniffer": "bookworm"})
RELEASES = (BOOKWORM, TRIXIE)


def described(os_release: str) -> DebianRelease:
    """The release that the text of a machine's `/etc/os-release` describes.

    Raises UnsupportedRelease.
    """
    lines = (line.partition("=") for line in os_release.splitlines() if "=" in line)
    values = {key: "".join(shlex.split(value)) for key, _, value in lines}
    for release in RELEASES:
        if release.codename == values.get("VERSION_CODENAME"):
            return release
    name = values.get("PRETTY_NAME", "no name")
    raise UnsupportedRelease(f"has '{name}'; allowed are {', '.join(map(str, RELEASES))}")


def of_this_machine() -> DebianRelease:
    """Raises UnsupportedRelease."""
    return described(OS_RELEASE.read_text("utf-8") if OS_RELEASE.exists() else "")
