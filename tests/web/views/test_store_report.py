"""What the store holds: empty or not, on a full disk or not, and what was removed last."""

from datetime import UTC, datetime, timedelta

import pytest
from buildbot.process.results import EXCEPTION, FAILURE

from model.retention import RETENTION_BUILDER, Retention
from releases.buttons import REMOVE
from releases.ledger import Build
from releases.store import StoredArtifact
from tests.releases.ledgers import NEW, OLD, SITE, build
from web.views.store_report import StoreReport, space_warning, store_report

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
ARTIFACTS = [
    StoredArtifact(digest=NEW, component="blog", size=30, modified=NOW),
    StoredArtifact(digest=OLD, component=None, size=12, modified=NOW - timedelta(days=3)),
]


def report(*removals: Build, artifacts: list[StoredArtifact] = ARTIFACTS) -> StoreReport:
    return store_report(SITE, artifacts, (1000, 500), removals, 9)


def test_artifacts_are_counted_and_the_oldest_is_named() -> None:
    shown = report()
    assert (shown.artifacts, shown.size) == (2, 42)
    assert shown.oldest == NOW - timedelta(days=3)
    assert (shown.disk, shown.free, shown.warning) == (1000, 500, "")


def test_an_empty_store_has_no_oldest_artifact() -> None:
    shown = report(artifacts=[])
    assert (shown.artifacts, shown.size, shown.oldest) == (0, 0, None)


def test_before_the_first_removal_there_is_no_sentence_and_no_link() -> None:
    for removals in ((), (build(1, RETENTION_BUILDER, results=None),)):
        shown = report(*removals)
        assert (shown.removed, shown.removed_at, shown.link) == ("", None, "")
        assert not shown.removal_failed


def test_the_last_removal_that_is_over_is_shown_with_its_build() -> None:
    running = build(3, RETENTION_BUILDER, results=None)
    last, first = (build(n, RETENTION_BUILDER, state_string=f"removed: {n}") for n in (2, 1))
    shown = report(running, last, first)
    assert (shown.removed, shown.removed_at) == ("removed: 2", last.finished)
    assert shown.link == last.link
    assert not shown.removal_failed


@pytest.mark.parametrize("results", [FAILURE, EXCEPTION])
def test_a_removal_that_failed_is_not_shown_as_one_that_removed(results: int) -> None:
    assert report(build(1, RETENTION_BUILDER, results=results)).removal_failed


def test_the_answer_names_the_button_its_builder_and_who_may_press_it() -> None:
    shown = report()
    assert (shown.button, shown.builder_id, shown.releasers) == (REMOVE, 9, SITE.releasers)


@pytest.mark.parametrize(
    ("free", "percent", "is_little"),
    [(100, 10, False), (99, 10, True), (0, 10, True), (0, 0, False), (989, 99, True)],
)
def test_little_free_space_is_a_share_of_the_disk_that_the_site_sets(
    free: int, percent: int, is_little: bool
) -> None:
    warning = space_warning(1000, free, percent)
    assert bool(warning) is is_little
    assert not is_little or f"Less than {percent} %" in warning


def test_what_is_kept_is_said_with_the_site_s_own_numbers() -> None:
    site = SITE.model_copy(update={"retention": Retention(days=1, newest=3)})
    kept = store_report(site, [], (1000, 500), (), None).kept
    assert "of the last 1 day," in kept
    assert "newest of each component (3)" in kept


def test_the_share_is_the_site_s() -> None:
    strict = SITE.model_copy(update={"retention": Retention(free_percent=60)})
    assert store_report(strict, [], (1000, 500), (), None).warning
