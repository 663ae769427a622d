"""The key under which Buildbot's database records what changes in a source."""

from model.component import Source

ChangeKey = tuple[str, str]
"""The repository and the category of a change: an address, and what of it is followed."""


FIRST = "first"
"""The property of a change that reports what there was when a repository was polled first."""


def change_key(source: Source) -> ChangeKey:
    """Of releases, all release tags are followed: the newest may lie outside the series."""
    followed = f"branch {source.branch}" if source.branch else f"tags {source.tags}"
    return source.repository, followed


def poller_name(source: Source) -> str:
    """The name that the UI shows for the source's poller."""
    return " ".join(change_key(source))
