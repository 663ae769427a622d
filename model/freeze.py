"""Freeze windows: when nothing is promoted, as `site.toml` says."""

from datetime import UTC, datetime
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from croniter import croniter
from pydantic import AfterValidator, AwareDatetime, model_validator

from model.reading import Model, Name


def cron_expression(expression: str) -> str:
    """Refuse anything but a cron expression of five fields."""
    if len(expression.split()) != 5 or not croniter.is_valid(expression):
        raise ValueError(
            f"'{expression}' is neither a time with its offset (2026-12-20T00:00:00Z) "
            "nor a cron expression of five fields ('0 16 * * 5')"
        )
    return expression


def time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"no time zone '{name}'; expected one such as 'Europe/Berlin'") from None
    return name


Moment = AwareDatetime | Annotated[str, AfterValidator(cron_expression)]
"""One time with its offset, or a cron expression for a time that recurs."""


class FreezeWindow(Model):
    """A time without promotions, except with a reason to override it."""

    reason: str
    starts: Moment
    """A time with its offset, or a cron expression for a freeze that recurs."""
    ends: Moment
    """As `starts`."""
    timezone: Annotated[str, AfterValidator(time_zone)] = "UTC"
    """The time zone of cron expressions."""
    environments: tuple[Name, ...] = ()
    """The environments that it concerns; absent: all that releases are promoted to."""

    @model_validator(mode="after")
    def starts_before_ends(self) -> Self:
        if isinstance(self.starts, str) != isinstance(self.ends, str):
            raise ValueError("'starts' and 'ends' must be two times or two cron expressions")
        if self.once and self.once[1] <= self.once[0]:
            raise ValueError("'ends' must come after 'starts'")
        return self

    @property
    def once(self) -> tuple[datetime, datetime] | None:
        """The two times of a freeze that does not recur."""
        if isinstance(self.starts, str) or isinstance(self.ends, str):
            return None
        return self.starts, self.ends

    def until(self, now: datetime) -> datetime | None:
        """When the freeze that is active at `now` ends; None when it is not active."""
        if self.once:
            starts, ends = self.once
            return ends if starts <= now < ends else None
        local = now.astimezone(ZoneInfo(self.timezone))
        starting, ending = croniter(str(self.starts), local), croniter(str(self.ends), local)
        if starting.get_prev(datetime) <= ending.get_prev(datetime):
            return None
        end: datetime = croniter(str(self.ends), local).get_next(datetime)
        return end.astimezone(UTC)
