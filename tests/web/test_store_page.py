"""The page Store in a real browser: what it shows in each state, and who may press its button."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, Route, expect, sync_playwright

from model.retention import RETENTION_BUILDER
from tests.web.small_master import READER, RELEASER, SmallMaster
from tests.whole.browser import PICTURES, QUIET

pytestmark = pytest.mark.real

FULL: dict[str, Any] = {
    "artifacts": 12,
    "size": 421_000_000,
    "oldest": "2026-10-20T04:11:00Z",
    "free": 9_500_000_000,
    "disk": 40_000_000_000,
    "warning": "",
    "kept": "Artifacts of the last 30 days are kept.",
    "removed": "removed: 3 artifacts (120.0 MB), 1 broken upload",
    "removed_at": "2026-11-24T04:11:02Z",
    "removal_failed": False,
    "link": "#/builders/2/builds/4",
    "releasers": [RELEASER],
    "button": "remove-artifacts",
    "builder_id": 2,
}
REMOVE = "Remove what is not kept…"
STATES: dict[str, dict[str, Any]] = {
    "full": {},
    "empty": {"artifacts": 0, "size": 0, "oldest": None, "removed": "", "removed_at": None},
    "little": {"warning": "Less than 10 % of the store's disk is free."},
    "failed": {"removed": "cannot remove x: Read-only file system " * 4, "removal_failed": True},
}
"""By name: what differs from FULL."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        yield browser
        browser.close()


class StorePage:
    """One window with the page Store."""

    def __init__(self, chromium: Browser, master: SmallMaster, width: int = 1280) -> None:
        self.master = master
        self.page: Page = chromium.new_context(viewport={"width": width, "height": 800}).new_page()

    def log_in(self, user: str) -> None:
        session = self.master.session(user)
        for cookie in session.cookies:
            given = {"name": cookie.name, "value": str(cookie.value), "url": self.master.url}
            self.page.context.add_cookies([given])  # type: ignore[list-item]  # a TypedDict

    def answer(self, status: int, body: dict[str, Any]) -> None:
        """Have this window hear something else of the store from now on."""

        def fulfil(route: Route) -> None:
            route.fulfill(status=status, json=body)

        self.page.unroute("**/store.json")
        self.page.route("**/store.json", fulfil)

    def open(self) -> Locator:
        self.page.goto(f"{self.master.url}#/releases/store")
        main = self.page.locator("main")
        expect(main.get_by_role("heading", name="Store")).to_be_visible()
        expect(main.get_by_text("Loading…")).to_have_count(0)
        return main

    def picture(self, name: str) -> None:
        path = PICTURES / f"store-{name}.png"
        self.page.screenshot(path=path, animations="disabled")

    def violations(self) -> list[str]:
        return [v["id"] for v in Axe().run(self.page, context=".sw").response["violations"]]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("state", STATES)
def test_each_state_is_readable_by_everybody_and_fits_a_telephone(
    chromium: Browser, master: SmallMaster, state: str, width: int
) -> None:
    window = StorePage(chromium, master, width)
    window.answer(200, FULL | STATES[state])
    main = window.open()
    expect(main.get_by_role("button", name=REMOVE)).to_be_visible()
    window.picture(f"{state}-{width}")
    assert window.violations() == []
    assert window.page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_page_says_how_much_is_stored_and_what_was_removed_by_which_build(
    chromium: Browser, master: SmallMaster
) -> None:
    window = StorePage(chromium, master)
    window.answer(200, FULL)
    main = window.open()
    for words in ("12 (421.0 MB)", FULL["kept"], "9.5 GB of 40.0 GB", FULL["removed"]):
        expect(main).to_contain_text(words)
    expect(main.get_by_role("link", name="log")).to_have_attribute("href", FULL["link"])
    expect(main.get_by_role("alert")).to_have_count(0)


def test_an_empty_store_little_space_and_a_failed_removal_are_said(
    chromium: Browser, master: SmallMaster
) -> None:
    expected = {
        "empty": ("none: the first build stores one", "nothing was removed yet"),
        "little": ("Less than 10 % of the store's disk is free.",),
        "failed": ("failed", "cannot remove x"),
    }
    for state, sentences in expected.items():
        window = StorePage(chromium, master)
        window.answer(200, FULL | STATES[state])
        main = window.open()
        for words in sentences:
            expect(main).to_contain_text(words)
        window.page.context.close()


def test_what_the_master_does_not_answer_is_unknown_with_its_age(
    chromium: Browser, master: SmallMaster
) -> None:
    window = StorePage(chromium, master)
    window.page.clock.install()
    window.answer(200, FULL | STATES["little"])
    main = window.open()
    expect(main).to_contain_text("12 (421.0 MB)")
    window.answer(500, {"error": "the master failed; its log says more"})
    window.page.clock.fast_forward("02:00")
    alert = main.get_by_role("alert")
    expect(alert).to_have_text(
        "What the store holds now is unknown: the master failed; its log says more. "
        "What you see is from 2 minutes ago."
    )
    expect(main.locator("dl")).to_have_attribute("data-state", "unknown")
    window.picture("unknown")
    assert window.violations() == []
    window.answer(200, FULL)
    window.page.clock.fast_forward("00:31")
    expect(alert).to_have_count(0)


def test_a_store_of_which_nothing_was_ever_heard_shows_no_figures(
    chromium: Browser, master: SmallMaster
) -> None:
    window = StorePage(chromium, master)
    window.page.route("**/store.json", lambda route: route.abort())
    main = window.open()
    expect(main.get_by_role("alert")).to_contain_text("is unknown: the master cannot be reached.")
    expect(main.locator("dl")).to_have_count(0)
    window.picture("never-known")


def requests_of_retention(master: SmallMaster) -> list[str]:
    """The reasons of the requests that wait for the builder that removes."""
    session = master.session()
    (builder,) = master.get(session, f"api/v2/builders/{RETENTION_BUILDER}").json()["builders"]
    path = f"api/v2/builders/{builder['builderid']}/buildrequests"
    waiting = master.get(session, path).json()["buildrequests"]
    sets = (master.get(session, f"api/v2/buildsets/{r['buildsetid']}").json() for r in waiting)
    return [json.dumps(each["buildsets"][0]) for each in sets]


@pytest.mark.parametrize("user", [None, READER])
def test_who_is_no_releaser_reads_in_the_dialog_who_may_press(
    chromium: Browser, master: SmallMaster, user: str | None
) -> None:
    window = StorePage(chromium, master)
    if user:
        window.log_in(user)
    main = window.open()
    main.get_by_role("button", name=REMOVE).click()
    dialog = window.page.get_by_role("dialog")
    words = f"{user} is not a releaser: {RELEASER}" if user else "Only releasers may press this."
    expect(dialog).to_contain_text(words)
    expect(dialog.get_by_role("button", name="Remove", exact=True)).to_be_disabled()
    window.picture(f"dialog-{user or 'stranger'}")


def test_a_releaser_removes_by_keyboard_alone_and_gives_a_reason(
    chromium: Browser, master: SmallMaster
) -> None:
    window = StorePage(chromium, master)
    window.log_in(RELEASER)
    main = window.open()
    button = main.get_by_role("button", name=REMOVE)
    keyboard = window.page.keyboard
    button.focus()
    keyboard.press("Enter")
    dialog = window.page.get_by_role("dialog")
    reason = dialog.get_by_label("Why", exact=True)
    expect(reason).to_be_focused()
    assert window.violations() == []
    keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(button).to_be_focused()

    keyboard.press("Enter")
    keyboard.press("Enter")
    expect(dialog).to_be_visible()
    assert requests_of_retention(master) == [], "it was pressed without a reason"
    keyboard.type("the disk is full")
    window.picture("dialog-releaser")
    keyboard.press("Enter")
    expect(main.get_by_text("Store: waits for its turn")).to_be_visible()
    window.picture("pressed")
    (request,) = requests_of_retention(master)
    assert "the disk is full" in request
    expect(button).to_be_focused()
