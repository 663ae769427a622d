"""A server whose disk is full: a sentence, and nothing half-done."""

from pathlib import Path

import pytest

from tests.small_disk import run_on_small_disk


@pytest.mark.real
def test_on_a_full_disk_a_deployment_is_a_sentence_and_nothing_is_half_done() -> None:
    run_on_small_disk(Path(__file__).with_name("full_disk.py"), "6m")


@pytest.mark.real
def test_on_a_full_disk_of_the_database_a_deployment_is_a_sentence_and_loses_nothing() -> None:
    run_on_small_disk(Path(__file__).with_name("full_mariadb.py"), "200m", "state")
