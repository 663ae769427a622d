"""Upstream releases: a trial starts, reports what fits, and deploys nothing."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from local.layout import CHECKOUT
from tests.whole.browser import picture
from tests.whole.line import Line

PATCHES = CHECKOUT / "sites" / "demo" / "components" / "blog" / "patches"


def work_tree(line: Line, component: str) -> Path:
    """A work tree of a component's upstream."""
    clone = line.layout.state / "home" / "upstream"
    shutil.rmtree(clone, ignore_errors=True)
    git(line, clone.parent, "clone", "-q", f"file://{line.mirror(component, 0)}", str(clone))
    return clone


def git(line: Line, folder: Path, *arguments: str) -> str:
    environment = os.environ | {"GIT_CONFIG_GLOBAL": str(line.layout.gitconfig)}
    command = ("git", "-C", str(folder), *arguments)
    return subprocess.run(
        command, check=True, env=environment, capture_output=True, text=True
    ).stdout


def test_a_new_release_is_tried_at_once_and_each_patch_has_its_verdict(line: Line) -> None:
    line.idle()
    before = line.number("blog-upstream"), line.number("blog-build")
    first, second, third = sorted(PATCHES.iterdir())
    clone = work_tree(line, "blog")
    git(line, clone, "am", "-q", str(third))
    taken = git(line, clone, "rev-parse", "HEAD").strip()
    (clone / "wp-includes" / "general-template.php").write_text("<?php\n")
    git(line, clone, "commit", "-q", "-am", "Begin again")
    git(line, clone, "tag", "6.2")
    git(line, clone, "push", "-q", "origin", "6.2")
    trial = line.finished("blog-upstream", before[0])
    assert trial["results"] == 2
    assert line.said(trial)["try-newest"].startswith("newest 6.2: 1 of 3 patches apply: ")
    row = next(row for row in table(line) if row["component"] == "blog")
    trials = {trial["target"]: trial for trial in row["trials"]}
    verdicts = {patch["name"]: patch["words"] for patch in trials["newest"]["patches"]}
    assert verdicts[first.name].startswith("conflicts (wp-includes/general-template.php, line ")
    assert verdicts[second.name] == "applies"
    assert verdicts[third.name] == f"is already upstream, as {taken[:12]}"
    assert trials["pinned"]["fits"] is True
    line.idle()
    assert line.number("blog-build") == before[1], "6.2 is not of the series 6.1.*"


def test_what_fits_is_offered_and_make_says_so(line: Line) -> None:
    line.idle()
    before = line.number("docs-upstream")
    clone = work_tree(line, "docs")
    (clone / "RELEASE-NOTES-NEXT").write_text("Nothing yet.\n")
    git(line, clone, "add", "RELEASE-NOTES-NEXT")
    git(line, clone, "commit", "-q", "-m", "Begin 1.40")
    git(line, clone, "tag", "1.40.0")
    git(line, clone, "push", "-q", "origin", "1.40.0")
    trial = line.finished("docs-upstream", before)
    assert trial["results"] == 0, line.said(trial)
    assert line.said(trial)["offer"] == '1.40.0 is ready: release = "1.40.*"'
    said = line.made("upstream", COMPONENT="docs")
    assert "newest 1.40.0" in said
    assert '1.40.0 is ready: release = "1.40.*"' in said


def test_make_ends_badly_when_something_does_not_fit_or_has_no_trials(line: Line) -> None:
    failed = line.make("upstream", COMPONENT="blog")
    assert failed.returncode != 0
    assert "is already upstream" in failed.stdout
    unknown = line.make("upstream", COMPONENT="specs")
    assert unknown.returncode != 0
    assert "one of blog, docs" in unknown.stdout + unknown.stderr


def test_the_page_shows_the_whole_site_to_anybody(line: Line, browser: Page) -> None:
    browser.goto(f"http://localhost:{line.layout.http_port}/#/releases/upstream")
    expect(browser.get_by_role("heading", name="Upstream")).to_be_visible()
    row = browser.get_by_role("row").filter(has_text="6.2")
    expect(row).to_contain_text("does not fit")
    expect(row).to_contain_text("is already upstream")
    expect(browser.get_by_role("row").filter(has_text="1.40.0")).to_contain_text("is ready")
    browser.get_by_role("link", name="docs").first.click()
    expect(browser.get_by_text("offer").first).to_be_visible()
    browser.goto(f"http://localhost:{line.layout.http_port}/#/releases/upstream")
    expect(row).to_be_visible()
    picture(browser, "upstream")


def table(line: Line) -> list[dict[str, Any]]:
    """The rows of the page as JSON, which everybody may read."""
    url = f"http://127.0.0.1:{line.layout.http_port}/plugins/releases/trials.json"
    response = line.anonymous.get(url, timeout=30)
    response.raise_for_status()
    rows: list[dict[str, Any]] = json.loads(response.text)
    return rows
