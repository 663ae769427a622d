"""Freeze windows: when nothing is promoted, as `site.toml` says."""

from datetime import UTC, datetime
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from croniter import CroniterError, croniter
from pydantic import AfterValidator, AwareDatetime, TypeAdapter, ValidationError, model_validator

from model.reading import Model, Name

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
SAMPLES = 12
"""How many times of two cron expressions are compared."""


def cron_expression(expression: str) -> str:
    """Refuse anything but a cron expression of five fields."""
    if len(expression.split()) != 5 or not croniter.is_valid(expression):
        raise ValueError(
            f"'{expression}' is neither a time with its offset (2026-12-20T00:00:00Z) "
            "nor a cron expression of five fields ('0 16 * * 5')"
        )
    try:
        croniter(expression, FIRST).get_next()
        croniter(expression, FIRST).get_prev()
    except CroniterError:
        raise ValueError(f"'{expression}' is a day that no calendar has") from None
    return expression


def time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"no time zone '{name}'; expected one such as 'Europe/Berlin'") from None
    return name


TIME: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


def moment(value: datetime | str) -> datetime | str:
    """A time that is written as text is read; any other text is a cron expression."""
    if isinstance(value, datetime):
        return value
    try:
        return TIME.validate_python(value)
    except ValidationError:
        return cron_expression(value)


Moment = Annotated[AwareDatetime | str, AfterValidator(moment)]
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
        if self.is_always_empty():
            raise ValueError("'starts' and 'ends' are the same times, so nothing is frozen")
        return self

    def is_always_empty(self) -> bool:
        """Whether a freeze that recurs ends whenever it starts."""
        if self.once:
            return False
        starts, ends = croniter(str(self.starts), FIRST), croniter(str(self.ends), FIRST)
        return all(starts.get_next() == ends.get_next() for _ in range(SAMPLES))

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
