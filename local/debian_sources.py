"""Where apt finds a release of Debian: at the mirrors that this machine's apt uses for its own."""

import re

from servers.debian_releases import DebianRelease

KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
LISTING = (
    *("apt-get", "indextargets", "--format"),
    f"$(ORIGIN) [signed-by={KEYS}] $(REPO_URI) $(CODENAME) $(COMPONENT)",
    "Created-By: Packages",
)
"""The command that lists the repositories which apt knows."""


def sources(listing: str, own: DebianRelease, wanted: DebianRelease) -> list[str]:
    """The lines of a `sources.list` for a release, of the output of `LISTING` on the `own` one."""
    codename = re.compile(rf"(?<= ){own.codename}(?=[ -])")
    return sorted(
        {
            codename.sub(wanted.codename, line).replace("Debian", "deb", 1)
            for line in listing.splitlines()
            if line.startswith("Debian ")
        }
    )
