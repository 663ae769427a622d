"""The installation that the tests of the whole line share."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from local.layout import CHECKOUT
from tests.whole.browser import Windows, browsing
from tests.whole.line import RELEASER, WORKER, Line, fresh, poll_often, two_releasers


@pytest.fixture(scope="session")
def line() -> Iterator[Line]:
    """Both environments with their first releases in staging; stopped also after a failure."""
    running = fresh(CHECKOUT / "var" / f"test-{WORKER}")
    poll_often(running.layout.site)
    two_releasers(running.layout.site)
    try:
        running.run()
        running.log_in()
        yield running
    finally:
        running.made("stop")


@pytest.fixture(scope="session")
def windows(line: Line) -> Iterator[Windows]:
    with browsing(line) as found:
        yield found


@pytest.fixture
def browser(windows: Windows) -> Iterator[Page]:
    """A window of the releaser."""
    page = windows.of(RELEASER)
    yield page
    page.context.close()
    assert not windows.thrown, windows.thrown


@pytest.fixture(scope="module")
def everything_promoted(line: Line) -> None:
    """Production has what staging has, so that what waits is what a test made."""
    line.idle()
    for component in line.site.components:
        if line.live("production", component.name) != line.live("staging", component.name):
            line.promote(component.name)
    line.idle()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "whole" in item.path.parts:
            item.add_marker(pytest.mark.whole)
