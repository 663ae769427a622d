"""When the board warns that the master's disk is nearly full."""

import shutil
from pathlib import Path

import pytest

from releases.database_room import RESERVE
from web.views import disk_warnings as module
from web.views.disk_warnings import disk_warnings

TOTAL = 100 * RESERVE


@pytest.mark.parametrize(
    ("total", "free", "percent", "words"),
    [
        (TOTAL, TOTAL // 10, 10, ""),
        (TOTAL, TOTAL // 10 - 1, 10, "Soon no release is built or deployed"),
        (TOTAL, 2 * RESERVE, 0, ""),
        (TOTAL, 2 * RESERVE - 1, 0, "40 MB are free"),
        (TOTAL, RESERVE - 1, 0, "No release is deployed; rollbacks go on"),
    ],
)
def test_a_warning_says_what_is_free_where_and_what_it_stops(
    total: int, free: int, percent: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(total=total, free=free)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: usage)
    warnings = disk_warnings([tmp_path], percent)
    assert len(warnings) == bool(words)
    assert all(words in warning and str(tmp_path) in warning for warning in warnings)


def test_one_disk_is_named_once(tmp_path: Path) -> None:
    """No disk has more than all of it free."""
    (tmp_path / "store").mkdir()
    assert len(disk_warnings([tmp_path, tmp_path / "store"], 101)) == 1
