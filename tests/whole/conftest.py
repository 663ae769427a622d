"""The installation that the tests of the whole line share."""

import shutil
import subprocess
from collections.abc import Iterator

import pytest

from local import mirrors
from local.layout import CHECKOUT
from tests.whole.line import Line, layout, poll_often, site_copy


@pytest.fixture(scope="session")
def line() -> Iterator[Line]:
    """Both environments with their first releases in staging; stopped also after a failure."""
    folder = CHECKOUT / "var" / "test"
    running = Line(layout(folder / "run"))
    running.made("clean")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shared = CHECKOUT / "var" / "mirrors"
    mirrors.make(CHECKOUT / "sites" / "demo", shared, shared.parent / "cache" / "mirrors", print)
    subprocess.run(["cp", "-a", "--reflink=auto", shared, running.layout.mirrors], check=True)
    poll_often(site_copy(running.layout.site))
    try:
        running.run()
        running.log_in()
        yield running
    finally:
        running.made("stop")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "whole" in item.path.parts:
            item.add_marker(pytest.mark.whole)
