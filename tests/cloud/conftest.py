"""The one cloud that all its tests share, and which of them run one after the other."""

import pytest

from tests.cloud.fixture import cloud, project  # noqa: F401  # fixtures

ALONE = ("test_cloud", "test_line")
"""Modules whose tests share machines."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.stem in ALONE:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
