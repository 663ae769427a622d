"""Whether two addresses are of one repository, however a forge or a person spells them."""

import re
from functools import lru_cache
from urllib.parse import unquote, urlsplit

OTHER_HOSTS = {"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com"}
"""Where forges answer SSH on port 443."""
SCP_LIKE = re.compile(r"(?:[^/@]*@)?(?P<host>\[[^]]+\]|[^/:@]+):(?P<path>.*)", re.S)
"""`git@github.com:owner/name.git`: https://git-scm.com/docs/git-clone#_git_urls."""


@lru_cache(maxsize=10_000)
def host_and_path(address: str) -> tuple[str, str]:
    """What all spellings share: no scheme, user, port, `www.`, `.git`, case or spare slashes."""
    if "://" in address:
        host, path = split_url(address)
    elif match := SCP_LIKE.fullmatch(address):
        host, path = match["host"], match["path"]
    else:
        host, path = "", address
    host = host.lower().strip("[]").removeprefix("www.")
    parts = [part for part in unquote(path).lower().split("/") if part]
    return OTHER_HOSTS.get(host, host), "/".join(parts).removesuffix(".git")


def split_url(address: str) -> tuple[str, str]:
    """Host and path; an address that is none has only a path."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", address
    return parts.hostname or "", parts.path
