"""Freeze windows: when they are active, when they end, and which are refused."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from model.freeze import FreezeWindow

WEEKEND = FreezeWindow(
    reason="weekend", starts="0 16 * * 5", ends="0 7 * * 1", timezone="Europe/Berlin"
)
ONCE = FreezeWindow(
    reason="holidays",
    starts=datetime(2026, 12, 20, tzinfo=UTC),
    ends=datetime(2027, 1, 4, 8, tzinfo=UTC),
)
MONDAY = datetime(2026, 11, 30, 6, tzinfo=UTC)
"""Seven in the morning in Berlin, in winter."""

MOMENTS = [
    (WEEKEND, datetime(2026, 11, 27, 14, 59, tzinfo=UTC), None),
    (WEEKEND, datetime(2026, 11, 27, 15, 1, tzinfo=UTC), MONDAY),
    (WEEKEND, datetime(2026, 11, 29, 12, tzinfo=UTC), MONDAY),
    (WEEKEND, datetime(2026, 11, 30, 6, 1, tzinfo=UTC), None),
    (WEEKEND, datetime(2026, 7, 3, 14, 1, tzinfo=UTC), datetime(2026, 7, 6, 5, tzinfo=UTC)),
    (ONCE, datetime(2026, 12, 19, 23, 59, tzinfo=UTC), None),
    (ONCE, ONCE.starts, ONCE.ends),
    (ONCE, ONCE.ends, None),
]


@pytest.mark.parametrize(("window", "now", "until"), MOMENTS)
def test_a_window_is_active_from_its_start_to_its_end(
    window: FreezeWindow, now: datetime, until: datetime | None
) -> None:
    assert window.until(now) == until


WRONG = {
    "a time without its offset": ("2026-12-20T00:00:00", "2026-12-21T00:00:00", "cron expression"),
    "no time at all": ("friday", "monday", "nor a cron expression of five fields"),
    "seconds": ("0 0 16 * * 5", "0 7 * * 1", "five fields"),
    "one of each": ("0 16 * * 5", "2026-12-20T00:00:00Z", "two times or two cron expressions"),
    "a day that no month has": ("0 0 31 6 *", "0 0 2 7 *", "a day that no calendar has"),
    "an end that never comes": ("0 0 2 7 *", "0 0 30 2 *", "a day that no calendar has"),
    "nothing": ("0 16 * * 5", "0 16 * * FRI", "nothing is frozen"),
    "backwards": ("2026-12-20T00:00:00Z", "2026-12-19T00:00:00Z", "must come after"),
}


@pytest.mark.parametrize("case", WRONG)
def test_an_invalid_window_is_refused_with_the_reason(case: str) -> None:
    starts, ends, words = WRONG[case]
    with pytest.raises(ValidationError, match=words):
        FreezeWindow.model_validate({"reason": "x", "starts": starts, "ends": ends})


def test_an_unknown_time_zone_is_refused_with_an_example() -> None:
    with pytest.raises(ValidationError, match="no time zone 'Europe/Atlantis'; expected one such"):
        FreezeWindow(reason="x", starts="0 1 * * *", ends="0 2 * * *", timezone="Europe/Atlantis")


def test_whatever_is_accepted_can_be_asked_at_any_time() -> None:
    chance = random.Random(5)  # noqa: S311  # the same windows each time

    def field(low: int, high: int) -> str:
        first, second = sorted((chance.randint(low, high), chance.randint(low, high)))
        return chance.choice(("*", f"{first}", f"{first}-{second}", f"*/{second or 1}"))

    def expression() -> str:
        fields = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
        return " ".join(field(low, high) for low, high in fields)

    accepted = 0
    for _ in range(400):
        keys = {"reason": "x", "starts": expression(), "ends": expression()}
        keys["timezone"] = chance.choice(("UTC", "Europe/Berlin", "Pacific/Apia"))
        try:
            window = FreezeWindow.model_validate(keys)
        except ValidationError:
            continue
        accepted += 1
        for _ in range(3):
            now = MONDAY + timedelta(minutes=chance.randint(0, 5_000_000))
            until = window.until(now)
            assert until is None or until > now, keys
    assert accepted > 200
