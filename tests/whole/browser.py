"""Chromium as the tests use it, and the pictures that they take."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Error, Page, sync_playwright

from local.layout import CHECKOUT
from local.ui_passwords import passwords
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


class Windows:
    """Chromium's windows, each of a person of its own."""

    def __init__(self, line: Line, chromium: Browser) -> None:
        self.line = line
        self.chromium = chromium
        self.thrown: list[str] = []
        """What a script of ours has thrown in any window, and nobody caught."""

    def of(self, user: str | None, width: int = 1280) -> Page:
        """A window of somebody who has logged in, or of nobody in particular."""
        login = {"username": user, "password": passwords(self.line.layout)[user]} if user else None
        page = self.chromium.new_context(
            viewport={"width": width, "height": 800},
            http_credentials={**login, "send": "unauthorized"} if login else None,  # type: ignore[arg-type]  # a TypedDict
            ignore_https_errors=True,
        ).new_page()
        page.on("pageerror", self.uncaught)
        if user:
            page.goto(f"{self.address}auth/login")
        return page

    def uncaught(self, error: Error) -> None:
        if "plugins/releases/" in (error.stack or ""):
            self.thrown.append(str(error.stack))

    @property
    def address(self) -> str:
        return f"http://localhost:{self.line.layout.http_port}/"


@contextmanager
def browsing(line: Line) -> Iterator[Windows]:
    """Chromium, closed in the end."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        try:
            yield Windows(line, chromium)
        finally:
            chromium.close()


def picture(page: Page, name: str) -> Path:
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path, animations="disabled")
    return path
