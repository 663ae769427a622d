"""An instance: a release with one configuration, a folder in a component's `releases`.

A new configuration of the same release, for example with another secret, is another instance. So
the live one stays whole while the new one is checked, and a rollback returns to both together.
"""

from dataclasses import dataclass

from model.release import SHORT, Digest

COPY = "copy"
"""The configuration of the instance that uses the copy of the database: `agent/rehearse.py`."""


@dataclass(frozen=True)
class Instance:
    """A release and which of its configurations."""

    digest: Digest
    configuration: str = ""
    """The number of the deployment that configured it; empty for one of an older agent, which
    kept a single configuration of each release."""

    @classmethod
    def from_name(cls, name: str) -> "Instance":
        digest, _, configuration = name.partition("-")
        return cls(digest, configuration)

    @property
    def name(self) -> str:
        """The name of its folder."""
        return "-".join(filter(None, (self.digest, self.configuration)))

    @property
    def short(self) -> str:
        """The name within those of its processes, sockets and logs."""
        return "-".join(filter(None, (self.digest[:SHORT], self.configuration)))

    @property
    def is_copy(self) -> bool:
        return self.configuration == COPY
