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


def newest(line: Line, component: str) -> str:
    """The release tag of a component's upstream that is the newest Debian release's."""
    return git(line, line.mirror(component, 0), "describe", "--tags", "--abbrev=0", "HEAD").strip()


def series(release: str) -> str:
    """`6.8.12` -> `6.8.*`."""
    return f"{release.rpartition('.')[0]}.*"


def test_debians_next_wordpress_fits_and_the_change_to_it_is_offered(line: Line) -> None:
    release = newest(line, "blog")
    assert not release.startswith("6.1.")
    line.idle()
    before = line.number("blog-build")
    said = line.made("upstream", COMPONENT="blog")
    assert f"newest {release} at " in said
    offer = f'{release} is ready: release = "{series(release)}"'
    assert offer in said
    assert line.said(line.builds("blog-upstream")[0])["offer"] == offer
    trials = trials_of(line, "blog")
    assert {patch["verdict"] for patch in trials["newest"]["patches"]} <= {"applies", "moved"}
    assert trials["newest"]["fits"] is True
    line.idle()
    assert line.number("blog-build") == before, "a trial builds nothing"


def test_debians_next_mediawiki_names_the_patch_that_conflicts_and_its_file(line: Line) -> None:
    release = newest(line, "docs")
    assert not release.startswith("1.39.")
    failed = line.make("upstream", COMPONENT="docs")
    assert failed.returncode != 0
    assert f"newest {release} at " in failed.stdout
    moved = "conflicts (includes/OutputPage.php: does not exist in index)"
    assert f"Name who looks after the wiki, not which version it runs: {moved}" in failed.stdout
    assert "Say in the banner what the wiki is for: applies, " in failed.stdout
    assert "is ready" not in failed.stdout


def test_the_page_shows_the_whole_site_to_anybody(line: Line, browser: Page) -> None:
    browser.goto(f"http://localhost:{line.layout.http_port}/#/releases/upstream")
    expect(browser.get_by_role("heading", name="Upstream")).to_be_visible()
    wiki = browser.get_by_role("row").filter(has_text=newest(line, "docs"))
    expect(wiki).to_contain_text("does not fit")
    expect(wiki).to_contain_text("conflicts (includes/OutputPage.php")
    blog = browser.get_by_role("row").filter(has_text=newest(line, "blog"))
    expect(blog).to_contain_text("is ready")
    picture(browser, "upstream")
    browser.get_by_role("link", name="docs").first.click()
    expect(browser.get_by_text("try-newest").first).to_be_visible()


def test_a_new_release_is_tried_at_once_and_each_patch_has_its_verdict(line: Line) -> None:
    line.idle()
    before = line.number("blog-upstream"), line.number("blog-build")
    first, second, third = sorted(PATCHES.iterdir())
    clone = work_tree(line, "blog")
    git(line, clone, "am", "-q", str(third))
    taken = git(line, clone, "rev-parse", "HEAD").strip()
    (clone / "wp-includes" / "general-template.php").write_text("<?php\n")
    git(line, clone, "commit", "-q", "-am", "Begin again")
    git(line, clone, "tag", "99.0")
    git(line, clone, "push", "-q", "origin", "99.0")
    trial = line.finished("blog-upstream", before[0])
    assert trial["results"] == 2
    assert line.said(trial)["try-newest"].startswith("newest 99.0: 1 of 3 patches apply: ")
    trials = trials_of(line, "blog")
    verdicts = {patch["name"]: patch["words"] for patch in trials["newest"]["patches"]}
    assert verdicts[first.name].startswith("conflicts (wp-includes/general-template.php, line ")
    assert verdicts[second.name].startswith("applies, ")
    assert verdicts[third.name] == f"is already upstream, as {taken[:12]}"
    assert trials["pinned"]["fits"] is True
    line.idle()
    assert line.number("blog-build") == before[1], "99.0 is not of the series 6.1.*"


def test_make_ends_badly_when_something_does_not_fit_or_has_no_trials(line: Line) -> None:
    failed = line.make("upstream", COMPONENT="blog")
    assert failed.returncode != 0
    assert "is already upstream" in failed.stdout
    unknown = line.make("upstream", COMPONENT="specs")
    assert unknown.returncode != 0
    assert "one of blog, docs" in unknown.stdout + unknown.stderr


def trials_of(line: Line, component: str) -> dict[str, Any]:
    """A component's trials, by target."""
    row = next(row for row in table(line) if row["component"] == component)
    return {trial["target"]: trial for trial in row["trials"]}


def table(line: Line) -> list[dict[str, Any]]:
    """The rows of the page as JSON, which everybody may read."""
    url = f"http://127.0.0.1:{line.layout.http_port}/plugins/releases/trials.json"
    response = line.anonymous.get(url, timeout=30)
    response.raise_for_status()
    rows: list[dict[str, Any]] = json.loads(response.text)
    return rows
