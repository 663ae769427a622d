"""The one cloud that all its tests share."""

from tests.cloud.fixture import cloud  # noqa: F401  # a fixture
