"""What is watched, and the name under which a change of it is found again."""

from buildbot.master import BuildMaster

from model.component import Source

Watched = tuple[str, str]
"""A repository's address, and what of it is followed; also a change's repository and category."""


def watched(source: Source) -> Watched:
    """Of a release, all release tags are watched: the newest may lie beyond the series."""
    what = f"branch {source.branch}" if source.branch else f"tags {source.tags}"
    return source.repository, what


def name(source: Source) -> str:
    """A change source's name, which the UI shows."""
    return " ".join(watched(source))


def heard(master: BuildMaster) -> bool:
    """Whether schedulers listen already: what a poller tells a starting master is lost."""
    return bool(master._master_initialized)
