"""The Releases page in a real browser: what it shows, what it moves, and whom it refuses."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from local import ui_passwords
from tests.whole.board import board, cell, confirm, opened, outcome
from tests.whole.browser import Windows, picture
from tests.whole.line import RELEASER, SECOND, Line, until
from tests.whole.test_line import change

pytestmark = pytest.mark.usefixtures("everything_promoted")


@pytest.fixture
def page(browser: Page, windows: Windows) -> Page:
    """The board, as the releaser sees it."""
    return board(browser, windows)


def test_what_waits_is_seen_and_promoted_with_two_keys_and_every_window_knows(
    line: Line, page: Page, windows: Windows
) -> None:
    other = board(windows.of(None), windows)
    expect(other.get_by_text("✓ All environments are in sync")).to_be_visible()
    staged = change(line, "blog")
    waiting = cell(page, "blog").locator(".sw-waiting")
    expect(waiting).to_contain_text(staged[:12])
    expect(other.locator(".sw-summary")).to_contain_text("1 release waits for production")
    picture(page, "board")
    waiting.get_by_role("button", name="Promote blog to production").press("Enter")
    dialog = page.get_by_role("dialog", name="Promote Blog to production")
    expect(dialog).to_contain_text("wp-content/themes/shipyard")
    expect(dialog).to_contain_text("1 file changed")
    expect(dialog).to_contain_text("php .slipway/migrate.php")
    expect(dialog).to_contain_text("verified by a green build")
    dialog.get_by_text("1 file changed").click()
    expect(dialog).to_contain_text("wp-content/themes/shipyard/edition.txt")
    picture(page, "promote")
    button = dialog.get_by_role("button", name="Promote to production")
    button.focus()
    button.press("Enter")
    expect(cell(page, "blog").get_by_role("progressbar")).to_be_visible()
    picture(page, "running")
    expect(outcome(page)).to_contain_text(f"promote digest {staged[:12]}")
    expect(cell(page, "blog")).to_contain_text("✓ in sync")
    expect(cell(other, "blog")).to_contain_text("✓ in sync")
    expect(other.get_by_text("✓ All environments are in sync")).to_be_visible()
    picture(page, "same")
    assert line.live("production", "blog") == staged
    reason = line.properties(line.builds("blog-production")[0])["reason"]
    assert re.fullmatch(r"wp-content/themes/shipyard \w{8} → \w{8}", reason)
    other.context.close()


def test_anonymous_visitors_see_all_of_it_and_are_told_who_may_press(
    line: Line, windows: Windows
) -> None:
    change(line, "specs")
    page = board(windows.of(None), windows)
    opened(cell(page, "specs").get_by_role("button", name="Promote specs"))
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Only releasers may press this. Log in")
    expect(dialog).to_contain_text("Files")
    expect(dialog.get_by_role("button", name="Promote to production")).to_be_disabled()
    picture(page, "anonymous")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.context.close()


def test_somebody_who_is_no_releaser_is_named_and_refused(line: Line, windows: Windows) -> None:
    ui_passwords.ensure([RELEASER, SECOND, "visitor"], line.layout)
    page = board(windows.of("visitor"), windows)
    opened(cell(page, "specs").get_by_role("button", name="Promote specs"))
    said = f"visitor is not a releaser: {RELEASER}, {SECOND} may press this"
    expect(page.get_by_role("dialog")).to_contain_text(said)
    assert page.evaluate(FORCE, line.builder_id("specs-production")) == 403
    page.context.close()


FORCE = """async (builderid) => (await fetch("api/v2/forceschedulers/promote-production", {
    method: "POST",
    headers: {"Content-Type": "application/json"},
    body: JSON.stringify({jsonrpc: "2.0", id: 1, method: "force",
        params: {reason: "x", builderid}}),
})).status"""


def test_a_page_that_is_stale_promotes_nothing_else_than_what_it_showed(
    line: Line, page: Page
) -> None:
    shown = change(line, "specs")
    waiting = cell(page, "specs").locator(".sw-waiting")
    expect(waiting).to_contain_text(shown[:12])
    opened(waiting.get_by_role("button"))
    newer = change(line, "specs")
    confirm(page, "Promote to production")
    expect(outcome(page)).to_contain_text(f"refused: staging verified {newer[:12]}")
    assert line.live("production", "specs") not in (shown, newer)
    expect(cell(page, "specs").locator(".sw-failed")).to_contain_text("refused")


def test_two_who_press_at_once_get_one_deployment_and_a_clear_answer_each(
    line: Line, page: Page, windows: Windows
) -> None:
    staged = line.live("staging", "specs")
    other = board(windows.of(SECOND), windows)
    for window in (page, other):
        opened(cell(window, "specs").locator(".sw-waiting").get_by_role("button"))
        expect(window.get_by_role("dialog")).to_contain_text("Files")
    for window in (page, other):
        confirm(window, "Promote to production")
    for window in (page, other):
        expect(outcome(window)).to_contain_text(f"promote digest {str(staged)[:12]}")
    line.idle()
    said = [line.said(build)["switch"] for build in line.builds("specs-production")[:2]]
    assert sum(words.startswith("already live") for words in said) == 1, said
    other.context.close()


@contextmanager
def frozen(page: Page) -> Iterator[None]:
    opened(page.get_by_role("button", name="Freeze…"))
    confirm(page, "Freeze production", "the <b>database</b> moves")
    expect(page.locator("thead .sw-freeze")).to_contain_text("the <b>database</b> moves")
    yield
    opened(page.locator("thead").get_by_role("button", name="End…"))
    confirm(page, "End the freeze", "it has moved")
    expect(page.locator("thead .sw-freeze")).to_have_count(0)


def test_a_freeze_refuses_and_is_forced_with_a_reason_that_the_history_shows(
    line: Line, page: Page, windows: Windows
) -> None:
    staged = change(line, "specs")
    with frozen(page):
        picture(page, "frozen")
        expect(cell(page, "specs").locator(".sw-against")).to_contain_text("frozen by releaser")
        refused = line.pressed("promote-production", "specs-production")
        assert "refused: production is frozen by releaser" in line.said(refused)["choose-release"]
        opened(cell(page, "specs").locator(".sw-waiting").get_by_role("button"))
        dialog = page.get_by_role("dialog")
        dialog.get_by_label(re.compile("Why this cannot wait")).fill("the login is broken")
        confirm(page, "Promote to production")
        expect(outcome(page)).to_contain_text("despite the freeze: the login is broken")
    assert line.live("production", "specs") == staged
    board(page, windows, "/history")
    forced = page.get_by_role("row").filter(has_text="despite the freeze: the login is broken")
    expect(forced).to_contain_text("specs")
    expect(page.get_by_role("row").filter(has_text="freeze ended")).to_contain_text(
        "the whole site"
    )
    picture(page, "history")


def test_a_rollback_asks_why_and_the_hold_says_it(line: Line, page: Page) -> None:
    change(line, "specs")
    line.promote("specs")
    live = line.live("production", "specs")
    expect(cell(page, "specs")).to_contain_text(str(live)[:12])
    opened(cell(page, "specs").get_by_role("button", name="Roll back specs in production"))
    dialog = page.get_by_role("dialog", name="Roll back Specs in production")
    expect(dialog).to_contain_text("Files")
    picture(page, "roll-back")
    expect(dialog.get_by_role("radio").first).to_be_checked()
    confirm(page, "Roll back production", "<img src=x onerror=document.title='taken'>")
    hold = cell(page, "specs").locator(".sw-hold")
    expect(hold).to_contain_text("On hold by releaser: <img src=x onerror=")
    assert "taken" not in page.title()
    until(lambda: line.live("production", "specs") != live, "the rollback")
    picture(page, "hold")
    waiting = cell(page, "specs").locator(".sw-waiting")
    expect(waiting).to_contain_text("ran here before: promote a newer one")
    opened(waiting.get_by_role("button"))
    confirm(page, "Promote to production")
    expect(outcome(page)).to_contain_text("refused: on hold since")
    opened(cell(page, "specs").get_by_role("button", name="Lift the hold of specs"))
    confirm(page, "Lift hold", "it was something else")
    expect(hold).to_have_count(0)


def test_promoting_everything_stops_at_the_first_failure_and_what_moved_is_returned(
    line: Line, page: Page
) -> None:
    was = line.live("production", "blog")
    moved = change(line, "blog")
    change(line, "specs")
    line.pressed("hold-production", "specs-production")
    opened(page.get_by_role("button", name="Promote all (2)…"))
    expect(page.get_by_role("dialog")).to_contain_text("in this order: blog, specs")
    confirm(page, "Promote 2 releases", "all of it")
    expect(outcome(page)).to_contain_text("releaser moved blog; stopped at specs: refused: on hold")
    stopped = page.locator("thead .sw-stopped")
    expect(stopped).to_contain_text("stopped at specs")
    picture(page, "stopped")
    assert line.live("production", "blog") == moved
    opened(stopped.get_by_role("button", name="Revert…"))
    confirm(page, "Revert", "specs must come too")
    expect(outcome(page)).to_contain_text("releaser moved blog")
    assert line.live("production", "blog") == was
    number = line.number("site-production")
    (promotion, _) = [
        b for b in line.builds("site-production") if b["number"] in (number - 1, number)
    ][::-1]
    line.control(f"builds/{promotion['buildid']}", "rebuild")
    again = line.finished("site-production", number)
    assert "refused: Rebuild decides nothing" in line.said(again)["choose-moves"]
    expect(cell(page, "blog").locator(".sw-hold")).to_contain_text("specs must come too")
    expect(stopped).to_have_count(0)
    for component in ("blog", "specs"):
        builder = f"{component}-production"
        line.pressed("lift-hold-production", builder)
        line.promote(component)


@contextmanager
def two_people(line: Line) -> Iterator[None]:
    """Production requires an approval for a while."""
    file = line.layout.site / "site.toml"
    alone = file.read_text()
    file.write_text(alone + 'two_person = ["production"]\n')
    line.run("--no-wait")
    try:
        yield
    finally:
        file.write_text(alone)
        line.run("--no-wait")


def test_where_two_people_are_needed_the_second_one_approves_just_this_release(
    line: Line, page: Page, windows: Windows
) -> None:
    with two_people(line):
        staged = change(line, "specs")
        board(page, windows)
        page.reload()
        expect(page.locator("thead")).to_contain_text("approval required")
        waiting = cell(page, "specs").locator(".sw-waiting")
        expect(waiting).to_contain_text("requires an approval")
        opened(waiting.get_by_role("button"))
        confirm(page, "Promote to production")
        expect(outcome(page)).to_contain_text("another releaser than releaser must approve")
        assert line.live("production", "specs") != staged
        other = board(windows.of(SECOND), windows)
        opened(cell(other, "specs").locator(".sw-waiting").get_by_role("button"))
        picture(other, "approve")
        confirm(other, "Approve")
        expect(waiting).to_contain_text("approved by second")
        opened(waiting.get_by_role("button"))
        confirm(page, "Promote to production")
        expect(outcome(page)).to_contain_text(f"promote digest {staged[:12]}")
        assert line.live("production", "specs") == staged
        other.context.close()


REMEMBER = """() => new MutationObserver(() => {
    window.lost ||= document.body.innerText.includes("The connection to the master is lost");
}).observe(document.body, {childList: true, subtree: true})"""


def test_a_lost_connection_is_said_and_what_was_missed_is_caught_up(line: Line, page: Page) -> None:
    lost = page.get_by_text("The connection to the master is lost")
    page.evaluate(REMEMBER)
    line.kill("master")
    page.wait_for_function("window.lost")  # a moment later it may be found again
    line.run("--no-wait")
    expect(lost).to_be_hidden()
    staged = change(line, "specs")
    expect(cell(page, "specs").locator(".sw-waiting")).to_contain_text(staged[:12])
