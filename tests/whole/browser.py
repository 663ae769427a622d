"""Chromium as the tests use it, and the pictures that they take."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from local.layout import CHECKOUT
from tests.whole.line import Line

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PICTURES = CHECKOUT / "var" / "pictures"


@contextmanager
def browsing(line: Line) -> Iterator[Page]:
    """Chromium with the releaser's password at hand, as the login asks for it."""
    user, password = (line.layout.secrets / "ui-passwords").read_text().strip().split(":", 1)
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        context = chromium.new_context(
            viewport={"width": 1280, "height": 800},
            http_credentials={"username": user, "password": password, "send": "unauthorized"},
            ignore_https_errors=True,
        )
        yield context.new_page()
        chromium.close()


def picture(page: Page, name: str) -> Path:
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path, animations="disabled")
    return path
