"""Where the master is."""

from urllib.parse import urlsplit

from cli.stopped import Misused

HOW = (
    "name the server: slipway --server https://builds.example.org/ …, or SLIPWAY_SERVER in the "
    "environment; it is the address of the Buildbot page, and `make run` prints it"
)


def checked(address: str | None) -> str:
    """A server's address with a slash at its end."""
    if not address:
        raise Misused(HOW)
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Misused(f"'{address}' is no address of a server; {HOW}")
    if parts.username is not None:
        raise Misused("no name and password in an address; use SLIPWAY_USER and SLIPWAY_PASSWORD")
    return parts._replace(path=parts.path.rstrip("/") + "/", query="", fragment="").geturl()
