"""What is done to the garbage collector, which would hold up a master with a long history."""

import gc
from collections.abc import Iterator

import pytest

from web.ledger_cache import set_aside_long_lived_objects


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_a_full_collection_does_not_look_at_what_stays_as_long_as_the_master() -> None:
    gc.collect()
    seen = len(gc.get_objects())
    set_aside_long_lived_objects()
    assert len(gc.get_objects()) < seen / 10
    assert gc.get_freeze_count() > seen / 2


def test_what_a_reconfiguration_has_replaced_is_freed() -> None:
    class Replaced:
        """Refers to itself, as much of a configuration does."""

        count = 0

        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            Replaced.count += 1

    Replaced()
    gc.freeze()
    set_aside_long_lived_objects()
    assert Replaced.count == 1
