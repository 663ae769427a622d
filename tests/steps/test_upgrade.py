"""The change of one line that takes a component to another upstream release."""

import tomllib
from datetime import UTC, datetime

import pytest
from git.exc import GitCommandError
from pydantic import ValidationError

from model.component import Component
from model.installation import SiteRepository
from releases.trial import Report
from steps.upgrade import Upgrade, followed_release, push_branch
from tests.change_sources.hung_server import hung_server, processes_with

SERIES = {
    ("1.39.*", "1.43.1"): "1.43.*",
    ("6.1.*", "6.4"): "6.4",
    ("6.1.*", "6.4.2"): "6.4.*",
    ("6.1.9", "6.4.2"): "6.4.2",
    ("*", "7.0"): "7.0",
    ("wmf/1.23wmf*", "wmf/1.24wmf1"): "wmf/1.24wmf1",
    ("2.*", "3.0.1"): "3.*",
}


@pytest.mark.parametrize(("old", "release"), SERIES)
def test_the_newest_release_is_written_in_the_form_of_the_old_one(old: str, release: str) -> None:
    assert followed_release(old, release) == SERIES[old, release]


TEXT = """title = "Docs" # release = "0.*"
runtime = "php"
host = "docs"
{before}
[upstream]
repository = "https://example.org/docs.git"
{line}

[[overlays]]
repository = "https://example.org/skin.git"
release = "1.*"
into = "skin"
"""


def component(text: str) -> Component:
    return Component.model_validate(tomllib.loads(text) | {"name": "docs"})


@pytest.mark.parametrize("line", ['release = "1.*"', "release='1.*'  # why", '  release   = "1.*"'])
def test_only_the_upstreams_own_line_changes(line: str) -> None:
    text = TEXT.format(before="", line=line)
    upgrade = Upgrade.of(component(text), text, "2.4")
    assert upgrade.after == text.replace(line, line.replace("1.*", "2.*"), 1)
    changes = [each for each in upgrade.difference.splitlines() if each[:1] in "+-"]
    assert len(changes) == 4


def test_a_file_without_a_line_for_the_release_is_left_alone() -> None:
    text = TEXT.format(before="", line='"release" = "1.*"')
    with pytest.raises(ValueError, match="stands on no line of its own: set 2"):
        Upgrade.of(component(text), text, "2.4")


def test_an_address_with_a_password_is_refused() -> None:
    with pytest.raises(ValidationError):
        SiteRepository(address="https://bot:token@example.org/site.git")
    assert SiteRepository(address="https://example.org/site.git").branch == "main"


def test_a_site_repository_that_does_not_answer_holds_no_thread_for_long() -> None:
    upgrade = Upgrade("docs", "2.0", 'release = "2.0"', "", "")
    report = Report(component="docs", when=datetime(2026, 1, 1, tzinfo=UTC), trials=())
    with hung_server() as address:
        repository = SiteRepository(address=f"{address}/site.git")
        with pytest.raises(GitCommandError, match=r"did not complete in 0\.5 secs"):
            push_branch(repository, upgrade, report, seconds=0.5)
        assert not processes_with(address)
