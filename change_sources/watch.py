"""What is watched, and the name under which a change of it is found again."""

from buildbot.master import BuildMaster

from model.component import Source

Watched = tuple[str, str]
"""A repository's address, and what of it is followed; also a change's repository and category."""


def watched(source: Source) -> Watched:
    return source.repository, source.follows


def name(source: Source) -> str:
    """A change source's name, which the UI shows."""
    return f"{source.repository} {source.follows}"


def heard(master: BuildMaster) -> bool:
    """Whether schedulers listen already: what a poller tells a starting master is lost."""
    return bool(master._master_initialized)
