"""The form on a builder's own page does it too: a releaser presses, and production changes."""

from playwright.sync_api import Page, expect

from tests.whole.browser import picture
from tests.whole.line import Line
from tests.whole.test_line import change


def test_a_releaser_logs_in_presses_promote_and_sees_production_change(
    line: Line, browser: Page
) -> None:
    staged = change(line, "blog")
    assert line.live("production", "blog") != staged
    environment, blog = line.place("production", "blog")
    number = line.get("builders/blog-production")["builders"][0]["builderid"]
    ui = f"http://localhost:{line.layout.http_port}/"
    browser.goto(ui)
    picture(browser, "home")
    browser.goto(f"{ui}#/builders/{number}")
    expect(browser.get_by_text("releaser").first).to_be_visible()
    browser.get_by_role("button", name="Promote to production").click()
    dialog = browser.get_by_role("dialog")
    dialog.get_by_label("Why", exact=True).fill("Looks good on staging")
    picture(browser, "form")
    before = line.number("blog-production")
    dialog.get_by_role("button", name="Start Build").click()
    build = line.finished("blog-production", before)
    assert line.live("production", "blog") == staged
    browser.goto(f"{ui}#/builders/{number}/builds/{build['number']}")
    browser.reload()
    expect(browser.get_by_text(f"digest {staged[:12]}").first).to_be_visible()
    picture(browser, "promoted")
    answer = browser.goto(environment.url(blog))
    assert answer is not None
    assert answer.headers["x-slipway-release"].startswith(staged)
    picture(browser, "production")
