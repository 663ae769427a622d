"""`make upstream` against a recorded master: its button, and the report of the build."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local.errors import CommandError
from local.layout import Layout
from local.trial import try_now
from releases.trial import TRIAL_PROPERTY, Report
from tests.cli.master import PASSWORD, USER, Master, master, recorded

BUILDER = 9
BUILD = recorded("build-promoted")["builds"][0]["buildid"]


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Iterator[Master]:
    monkeypatch.setenv("NO_PROXY", "localhost")
    with master() as running:
        running.say("/api/v2/builders/docs-upstream", {"builders": [{"builderid": BUILDER}]})
        yield running


@pytest.fixture
def layout(tmp_path: Path, running: Master) -> Layout:
    layout = Layout(tmp_path, http_port=urlsplit(running.url).port or 0)
    layout.ui_passwords.write_text(f"{USER}:{PASSWORD}\n")
    return layout


def test_the_report_is_that_of_the_build_which_the_button_started(
    layout: Layout, running: Master
) -> None:
    report = Report(component="docs", when=datetime(2026, 1, 1, tzinfo=UTC), trials=(), offer="x")
    stored = {TRIAL_PROPERTY: [json.loads(report.model_dump_json()), "ours"]}
    running.say(f"/api/v2/builds/{BUILD}/properties", {"properties": [stored]})
    assert try_now(layout, "docs") == report
    assert running.pressed == [("try-upstream", {"reason": "make upstream", "builderid": BUILDER})]


def test_without_the_operator_s_file_the_login_is_the_one_that_the_terminal_has(
    layout: Layout, running: Master, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout.ui_passwords.unlink()
    with pytest.raises(CommandError, match="set SLIPWAY_USER and SLIPWAY_PASSWORD"):
        try_now(layout, "docs")
    monkeypatch.setenv("SLIPWAY_USER", USER)
    monkeypatch.setenv("SLIPWAY_PASSWORD", PASSWORD)
    running.say(f"/api/v2/builds/{BUILD}/properties", {"properties": [{}]})
    with pytest.raises(CommandError, match="builds"):
        try_now(layout, "docs")
    assert running.signed == ["/auth/login"]


def test_a_build_without_a_report_is_named_with_its_page(layout: Layout, running: Master) -> None:
    running.say(f"/api/v2/builds/{BUILD}/properties", {"properties": [{}]})
    with pytest.raises(CommandError, match=rf": {layout.url}#/builders/\d+/builds/\d+$"):
        try_now(layout, "docs")


def test_a_component_that_nobody_watches_is_refused_with_those_that_are(layout: Layout) -> None:
    with pytest.raises(CommandError, match=r"COMPONENT=…, one of blog, docs"):
        try_now(layout, "specs")
