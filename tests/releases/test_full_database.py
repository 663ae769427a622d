"""A full disk of the master's database, on a real small file system."""

from pathlib import Path

import pytest

from tests.small_disk import run_on_small_disk


@pytest.mark.real
def test_a_full_disk_of_the_database_loses_no_build_and_needs_no_restart() -> None:
    run_on_small_disk(Path(__file__).with_name("full_database.py"), "64m")
