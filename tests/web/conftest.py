"""The small master that the tests of the web share."""

from collections.abc import Iterator

import pytest

from tests.web.small_master import SmallMaster


@pytest.fixture(scope="session")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallMaster]:
    with SmallMaster(tmp_path_factory.mktemp("small-master")) as running:
        yield running
