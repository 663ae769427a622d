"""The board warns of a disk of the master that is nearly full, in a real browser."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Route, expect, sync_playwright

from tests.web.small_master import SmallMaster
from tests.whole.browser import PICTURES, QUIET

pytestmark = pytest.mark.real

WARNING = (
    "The master's disk is nearly full: 12 MB are free in /srv/slipway/var/run/master. "
    "No release is deployed; rollbacks go on. The view Store removes what is not kept."
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        yield running
        running.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_board_warns_of_a_disk_that_is_nearly_full(
    browser: Browser, master: SmallMaster, width: int
) -> None:
    page = browser.new_context(viewport={"width": width, "height": 800}).new_page()

    def warn(route: Route) -> None:
        """The board of this master, whose disk has room, with another disk."""
        response = route.fetch()
        route.fulfill(response=response, json=response.json() | {"disk_warnings": [WARNING]})

    page.route("**/board.json", warn)
    page.goto(f"{master.url}#/releases")
    expect(page.locator("main").get_by_role("alert").filter(has_text=WARNING)).to_be_visible()
    expect(page.locator("table.sw-board")).to_be_visible()
    page.screenshot(path=PICTURES / f"board-warning-{width}.png", animations="disabled")
    violations = Axe().run(page, context=".sw").response["violations"]
    assert [violation["id"] for violation in violations] == []
    page.unroute_all(behavior="wait")  # the page may ask again at this moment
    page.context.close()
