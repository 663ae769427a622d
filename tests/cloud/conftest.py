"""The one cloud that all its tests share."""

from tests.cloud.fixture import cloud, project  # noqa: F401  # fixtures
