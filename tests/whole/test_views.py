"""The Releases page as people meet it: by screen reader, on a telephone, for ever, for programs."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.whole.board import board, cell, opened
from tests.whole.browser import Windows, picture
from tests.whole.line import Line
from tests.whole.test_line import change

pytestmark = pytest.mark.usefixtures("everything_promoted")


@pytest.fixture
def page(browser: Page, windows: Windows) -> Page:
    """The board, as the releaser sees it."""
    return board(browser, windows)


def test_a_release_has_a_page_of_its_own_for_ever(line: Line, page: Page) -> None:
    digest = str(line.live("production", "blog"))
    link = cell(page, "blog").locator(f"a.sw-digest[title='{digest}']").first
    link.click()
    expect(page).to_have_url(re.compile(f"#/releases/release/{digest}$"))
    expect(page.get_by_role("heading", name=f"Release {digest[:12]}")).to_be_visible()
    expect(page.locator("main")).to_contain_text("https://github.com/WordPress/WordPress.git")
    expect(page.get_by_role("heading", name="What happened to it")).to_be_visible()
    picture(page, "release")


VIEWS = ("", "/history", "/history/blog", "/figures", "/machines", "/store", "/upstream")


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_works_with_a_screen_reader(page: Page, windows: Windows, view: str) -> None:
    board(page, windows, view)
    expect(page.get_by_text("Loading…")).to_have_count(0)
    picture(page, f"view{view.replace('/', '-')}")
    faults = axe(page)
    assert not faults, faults


def test_every_dialog_works_with_a_screen_reader(line: Line, page: Page) -> None:
    change(line, "specs")
    for environment, button in (
        ("production", "Promote specs"),
        ("staging", "Roll back specs"),
        ("production", "Hold specs"),
    ):
        opened(cell(page, "specs", environment).get_by_role("button", name=button))
        expect(page.get_by_text("Comparing the two releases…")).to_have_count(0)
        faults = axe(page)
        assert not faults, faults
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)


def axe(page: Page) -> list[str]:
    """What axe finds wrong in the page's own part; the UI around it is Buildbot's."""
    found = Axe().run(page, context=".sw").response
    assert found["passes"], "axe looked at nothing"
    return [f"{v['id']}: {[node['target'] for node in v['nodes']]}" for v in found["violations"]]


@pytest.mark.parametrize("view", VIEWS)
def test_a_telephone_shows_all_of_it_without_scrolling_sideways(
    windows: Windows, view: str
) -> None:
    page = board(windows.of(None, width=390), windows, view)
    expect(page.get_by_text("Loading…")).to_have_count(0)
    wide = page.evaluate("document.documentElement.scrollWidth")
    picture(page, f"narrow{view.replace('/', '-')}")
    assert wide <= 390
    page.context.close()


def test_the_figures_are_those_of_the_ledger(line: Line, page: Page, windows: Windows) -> None:
    board(page, windows, "/figures")
    figure = page.get_by_label("production").locator("figure").first
    expect(figure).to_contain_text("Deployments per week")
    figure.hover()
    expect(figure.locator(".sw-meaning")).to_be_visible()
    picture(page, "figures")
    url = f"http://127.0.0.1:{line.layout.http_port}/plugins/releases/figures.json"
    told = line.anonymous.get(url, timeout=30).json()
    (deployments,) = (
        f for f in told if (f["name"], f["environment"]) == ("deployments", "production")
    )
    assert deployments["points"][-1]["value"] >= len(line.site.components)


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("history.json?component=nothing", 404, "no component 'nothing'; expected one of"),
        ("release.json?digest=../../secrets/signing-key", 404, "the store does not hold"),
        ("difference.json?from=&to=", 404, "the store does not hold the release (none)"),
    ],
)
def test_what_does_not_exist_is_named_and_no_other_file_is_opened(
    line: Line, address: str, status: int, words: str
) -> None:
    url = f"http://127.0.0.1:{line.layout.http_port}/plugins/releases/{address}"
    answer = line.anonymous.get(url, timeout=30)
    assert answer.status_code == status
    assert words in answer.json()["error"]
