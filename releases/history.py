"""What happened to one component in one environment: the finished builds, newest first."""

from datetime import datetime
from enum import StrEnum
from functools import cached_property
from itertools import takewhile

from model.reading import Model
from model.rehearsal import MigrationResult
from model.release import Digest


class Action(StrEnum):
    """Why a build of `<component>-<environment>` runs."""

    DEPLOY = "deploy"
    PROMOTE = "promote"
    ROLL_BACK = "roll-back"
    HOLD = "hold"
    LIFT_HOLD = "lift-hold"
    APPROVE = "approve"
    CONFIGURE = "configure"
    """Deploy the live release again, with the secrets and the settings of today."""


DECISION = "decision"
"""The property of a build with the `Decision` on what it was asked for."""


class Decision(StrEnum):
    """What the rules said to a request."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    HELD = "held"
    """A green build that is not deployed, because of a hold or a newer one."""


FORMER_NAMES = {"release-hold": Action.LIFT_HOLD.value, "return": "revert"}
"""Older names of actions, which builds in Buildbot's database still have."""

NOTES = (Action.HOLD, Action.APPROVE)
"""Actions that record something about a release and deploy nothing."""


def current_name(action: str | None) -> str | None:
    """The name that an action has today, whatever it was called when it was recorded."""
    return FORMER_NAMES.get(str(action), action) if action else None


class Entry(Model):
    """One finished build of `<component>-<environment>`, as the Buildbot database keeps it."""

    build: int
    action: Action
    digest: Digest | None
    """The release that the build was about."""
    configuration: str = ""
    """The number of the deployment that made the live configuration of it; empty if unknown."""
    migration: MigrationResult | None = None
    """What its migration did to the database; None without one."""
    made_live: bool
    """Whether `digest` was live and verified at the end of the build."""
    owner: str
    reason: str
    finished: datetime
    link: str = ""
    """The build's page in the UI."""

    @property
    def instance(self) -> str:
        """The release with its configuration, as servers name it."""
        return "-".join(filter(None, (self.digest, self.configuration)))

    @property
    def is_rollback(self) -> bool:
        return self.action is Action.ROLL_BACK


class History(Model):
    """The entries of one component in one environment, newest first."""

    entries: tuple[Entry, ...] = ()

    @cached_property
    def live_entries(self) -> tuple[Entry, ...]:
        """The entries that made a release live, newest first."""
        return tuple(entry for entry in self.entries if entry.made_live)

    @property
    def live(self) -> Entry | None:
        """The entry of the release that is live now."""
        return next(iter(self.live_entries), None)

    @property
    def hold(self) -> Entry | None:
        """The entry that holds the component, until it is lifted or a release is promoted."""
        actions = (Action.HOLD, Action.LIFT_HOLD)
        moves = (e for e in self.entries if e.action is not Action.CONFIGURE)
        last = next((e for e in moves if e.made_live or e.action in actions), None)
        return last if last and last.action in (Action.ROLL_BACK, Action.HOLD) else None

    @property
    def arrival(self) -> Entry | None:
        """The first entry that made the live release live; later ones found it live already."""
        digest = self.live.digest if self.live else None
        same = takewhile(lambda entry: entry.digest == digest, self.live_entries)
        return next(reversed(tuple(same)), None)

    def approvals(self, digest: str, since: datetime) -> tuple[Entry, ...]:
        """The approvals of a release that are not older than its last verification."""
        return tuple(
            entry
            for entry in self.entries
            if entry.action is Action.APPROVE and entry.digest == digest and entry.finished >= since
        )

    def find_earlier(self, prefix: str) -> Entry | None:
        """The entry of a release that was live here and is not live now.

        The prefix is the beginning of a digest, or `<digest>-<configuration>` for one of the
        configurations of a release, also of the live one.

        For an empty prefix, the release that was live before the current one came: after a
        rollback it goes one release further back, never forward to what was rolled back from.
        """
        if "-" in prefix:
            others = (
                e for e in self.live_entries if self.live and e.instance != self.live.instance
            )
            return next((entry for entry in others if entry.instance == prefix), None)
        live = self.live.digest if self.live else None
        entries = self.live_entries if prefix else self.before(live)
        others = (entry for entry in entries if entry.digest and entry.digest != live)
        return next((e for e in others if e.digest and e.digest.startswith(prefix)), None)

    def before(self, digest: str | None) -> tuple[Entry, ...]:
        """The entries older than the one that made a digest live, newest first."""
        entries = self.live_entries
        arrivals = [n for n, e in enumerate(entries) if e.digest == digest and not e.is_rollback]
        return entries[arrivals[0] + 1 :] if arrivals else entries
