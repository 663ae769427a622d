"""Freeze windows: when nothing is promoted, as `site.toml` says."""

from datetime import UTC, datetime
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from croniter import croniter
from pydantic import AfterValidator, AwareDatetime, model_validator

from model.reading import Model, Name


def cron(expression: str) -> str:
    """Refuse what is no cron expression of five fields."""
    if len(expression.split()) != 5 or not croniter.is_valid(expression):
        raise ValueError(
            f"'{expression}' is neither a time with its offset (2026-12-20T00:00:00Z) "
            "nor a cron expression of five fields ('0 16 * * 5')"
        )
    return expression


def zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"no time zone '{name}'; expected one such as 'Europe/Berlin'") from None
    return name


Moment = AwareDatetime | Annotated[str, AfterValidator(cron)]
"""Once, or again and again."""


class FreezeWindow(Model):
    """A time in which nothing is promoted, unless somebody says why it cannot wait."""

    reason: str
    starts: Moment
    """A time with its offset, or a cron expression for a freeze that comes again."""
    ends: Moment
    """As `starts`."""
    timezone: Annotated[str, AfterValidator(zone)] = "UTC"
    """The time zone that cron expressions are meant in."""
    environments: tuple[Name, ...] = ()
    """Where; without this key, wherever releases are promoted to."""

    @model_validator(mode="after")
    def two_of_a_kind_and_in_order(self) -> Self:
        if isinstance(self.starts, str) != isinstance(self.ends, str):
            raise ValueError("'starts' and 'ends' must be two times or two cron expressions")
        if self.once and self.once[1] <= self.once[0]:
            raise ValueError("'ends' must come after 'starts'")
        return self

    @property
    def once(self) -> tuple[datetime, datetime] | None:
        """The two times of a freeze that does not come again."""
        if isinstance(self.starts, str) or isinstance(self.ends, str):
            return None
        return self.starts, self.ends

    def until(self, now: datetime) -> datetime | None:
        """When the freeze ends that holds at `now`; None when none does."""
        if self.once:
            starts, ends = self.once
            return ends if starts <= now < ends else None
        local = now.astimezone(ZoneInfo(self.timezone))
        starting, ending = croniter(str(self.starts), local), croniter(str(self.ends), local)
        if starting.get_prev(datetime) <= ending.get_prev(datetime):
            return None
        end: datetime = croniter(str(self.ends), local).get_next(datetime)
        return end.astimezone(UTC)
