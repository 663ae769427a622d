"""Which artifacts are removed: never one that somebody may still want live."""

from collections.abc import Collection
from datetime import timedelta

import pytest

from model.retention import Retention
from releases.ledger import Build, Builds
from releases.needed_artifacts import builders, named_digests, needed_artifacts, removable
from releases.store import StoredArtifact
from tests.releases.ledgers import NEW, NEWER, OLD, PRODUCTION, SITE, START, build, ledger

RETENTION = Retention(days=30, newest=1)
LATER = START + timedelta(days=400)
RUNNING = None


def stored(digest: str, component: str | None = "blog", days: int = 399) -> StoredArtifact:
    """An artifact that is some days old at LATER."""
    modified = LATER - timedelta(days=days)
    return StoredArtifact(digest=digest, component=component, size=1, modified=modified)


def needed(*some: Build) -> set[str]:
    builds: Builds = dict.fromkeys(builders(SITE), ()) | ledger(*some)
    return needed_artifacts(SITE, builds)


def removed(*artifacts: StoredArtifact, needed: Collection[str] = ()) -> list[str]:
    return [a.digest for a in removable(artifacts, needed, RETENTION, LATER)]


def test_old_artifacts_that_nobody_needs_are_removed_except_the_newest_of_each_component() -> None:
    artifacts = [stored(OLD), stored(NEW, days=200), stored(NEWER, "docs")]
    assert removed(*artifacts) == [OLD]


@pytest.mark.parametrize(("days", "expected"), [(30, []), (31, [OLD])])
def test_a_young_artifact_stays(days: int, expected: list[str]) -> None:
    assert removed(stored(OLD, days=days), stored(NEW, days=1)) == expected


def test_an_artifact_that_was_never_signed_goes_when_it_is_old() -> None:
    assert removed(stored(OLD, None), stored(NEW, None, days=1)) == [OLD]


def test_what_is_live_and_what_servers_may_return_to_is_needed() -> None:
    digests = [f"{number:064x}" for number in range(9)]
    promotions = [
        build(number, action="promote", live=digest) for number, digest in enumerate(digests)
    ]
    assert needed(*promotions) == {*digests[-PRODUCTION.keep - 1 :]}


def test_what_was_live_long_ago_and_is_again_is_needed() -> None:
    history = [build(1, action="promote", live=OLD)]
    history += [build(n, action="promote", live=f"{n:064x}") for n in range(2, 20)]
    history += [build(30, action="roll-back", live=OLD)]
    assert OLD in needed(*history)


def test_a_release_that_waits_for_its_promotion_is_needed() -> None:
    assert needed(build(1, "blog-staging", action="deploy", live=NEW)) == {NEW}
    assert needed(build(1, "blog-build", recorded=NEW)) == {NEW}


def test_what_was_approved_or_is_held_is_needed() -> None:
    live = build(1, action="promote", live=OLD)
    assert needed(live, build(2, action="approve", approved=NEW)) == {OLD, NEW}
    assert needed(live, build(2, action="hold", approved=OLD)) == {OLD}


def test_a_held_component_whose_live_release_is_older_than_all_that_was_read_keeps_everything() -> (
    None
):
    known = needed(build(1, action="hold", approved=NEW))
    assert removed(stored(OLD), stored(NEW), stored(NEWER, days=1), needed=known) == []


def test_what_a_running_build_was_asked_for_is_needed_even_by_the_beginning_of_it() -> None:
    running = build(1, "site-production", results=RUNNING, wanted=f"blog={OLD[:12]},docs={NEW}")
    artifacts = [stored(OLD), stored(NEW), stored("9" * 64), stored(NEWER, days=1)]
    assert removed(*artifacts, needed=needed(running)) == ["9" * 64]


def test_a_request_names_digests_in_any_of_its_properties() -> None:
    assert named_digests(["", "promote", OLD, f"blog={NEW[:12]}", None]) == {OLD, NEW[:12]}
