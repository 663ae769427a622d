"""The board and its parts, as a test finds them on the page."""

from playwright.sync_api import Locator, Page, expect

from tests.whole.browser import Windows

PATIENCE = 60_000
"""Milliseconds."""
expect.set_options(timeout=PATIENCE)


def board(page: Page, windows: Windows, view: str = "") -> Page:
    page.goto(f"{windows.address}#/releases{view}")
    expect(page.get_by_role("navigation", name="Releases")).to_be_visible()
    expect(page.locator("main").get_by_text("Loading…")).to_have_count(0)
    return page


def cell(page: Page, component: str, environment: str = "production") -> Locator:
    row = page.locator(f"tr[data-component='{component}']")
    return row.locator(f"td[data-environment='{environment}']")


def opened(button: Locator) -> Locator:
    """Press a button that opens a dialog."""
    button.click()
    dialog = button.page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    return dialog


def confirm(page: Page, button: str, why: str | None = None) -> None:
    """Give a reason, if one is asked for, and press the dialog's own button."""
    dialog = page.get_by_role("dialog")
    if why is not None:
        dialog.get_by_label("Why", exact=True).fill(why)
    dialog.get_by_role("button", name=button).click()


def outcome(page: Page) -> Locator:
    """The sentence of what was pressed."""
    return page.locator(".sw-banner").filter(has=page.get_by_role("button", name="Dismiss"))
