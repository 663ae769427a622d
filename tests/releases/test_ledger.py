"""What rules know of builds that many others followed."""

from datetime import UTC, datetime, timedelta

import pytest
from buildbot.db.model import Model as Tables
from buildbot.process.results import CANCELLED, FAILURE, SKIPPED

from releases.history import History
from releases.ledger import Build, history_from_builds, newest_digest, read_builds
from releases.queries import DEPTH
from releases.site_wide import active_freeze, moves_to_revert
from tests.releases.ledger_rows import database
from tests.releases.ledgers import NEW, NEWER, OLD, PRODUCTION, SITE, START, build

MANY = range(100, 100 + 2 * DEPTH)
REFUSED = "failed refused: not today"


def known(*builds: Build) -> tuple[Build, ...]:
    """What the ledger has of the builds of one builder, newest first."""
    (name,) = {build.builder for build in builds}
    with database(*builds) as connection:
        return read_builds(connection, Tables, [name])[name]


def history(*builds: Build) -> History:
    return history_from_builds(known(*builds))


def test_a_hold_is_kept_whatever_follows_it() -> None:
    live, hold = build(1, action="promote", live=OLD), build(2, action="hold", approved=OLD)
    for followed in (
        [build(n, action="approve", approved=NEW) for n in MANY],
        [build(n, action="promote", results=FAILURE, state_string=REFUSED) for n in MANY],
        [build(n, action="deploy", results=SKIPPED) for n in MANY],
    ):
        found = history(live, hold, *followed)
        assert found.hold
        assert found.live
        assert (found.hold.build, found.live.digest) == (2, OLD)


def test_a_rollback_that_lost_its_worker_holds_whatever_follows_it() -> None:
    """It failed, and the servers say that its release is live."""
    back = build(2, action="roll-back", live=OLD, results=CANCELLED)
    skipped = [build(n, action="deploy", results=SKIPPED) for n in MANY]
    found = history(build(1, action="deploy", live=NEW), back, *skipped)
    assert found.hold
    assert found.live
    assert (found.hold.build, found.live.digest) == (2, OLD)


@pytest.mark.parametrize("lifted", ["lift-hold", "release-hold"])
def test_a_hold_that_was_lifted_long_ago_stays_lifted(lifted: str) -> None:
    hold, lift = build(2, action="hold", approved=OLD), build(3, action=lifted)
    approvals = [build(n, action="approve", approved=NEW) for n in MANY]
    assert history(build(1, action="promote", live=OLD), hold, lift, *approvals).hold is None


def test_a_freeze_stands_until_it_is_ended_whatever_is_promoted_despite_it() -> None:
    freeze = build(1, "site-production", action="freeze", reason="the database moves")
    moved = {"blog": [OLD, NEW]}
    promotions = [build(n, "site-production", action="promote-all", moved=moved) for n in MANY]
    now = datetime.now(UTC)
    found = active_freeze(SITE, PRODUCTION, known(freeze, *promotions), now)
    assert found
    assert found.reason == "the database moves"
    thaw = build(2, "site-production", action="thaw")
    assert active_freeze(SITE, PRODUCTION, known(freeze, thaw, *promotions), now) is None


def test_an_approval_counts_however_often_the_release_was_verified_or_approved_since() -> None:
    staged = [build(n, "blog-staging", action="deploy", live=NEW) for n in MANY]
    arrival = history(*staged).arrival
    assert arrival
    assert arrival.build == MANY[0]
    approval = build(MANY[1], action="approve", approved=NEW, owner="ben")
    others = [build(n, action="approve", approved=NEW, owner="ana") for n in MANY[2:]]
    approvers = {e.owner for e in history(approval, *others).approvals(NEW, arrival.finished)}
    assert approvers == {"ana", "ben"}


def test_the_release_before_is_returned_to_however_often_the_live_one_was_deployed() -> None:
    again = [build(n, action="promote", live=NEW) for n in MANY]
    found = history(build(1, action="promote", live=OLD), *again)
    for prefix in ("", OLD[:12]):
        earlier = found.find_earlier(prefix)
        assert earlier
        assert earlier.digest == OLD


def test_a_release_that_ran_here_is_known_however_many_others_did_since() -> None:
    others = [build(n, action="promote", live=f"{n:064x}") for n in MANY]
    found = history(build(1, action="promote", live=OLD), *others)
    assert OLD in [entry.digest for entry in found.live_entries]


def test_the_newest_green_build_is_known_however_many_failed_since() -> None:
    green = build(1, "blog-build", recorded=NEW)
    failed = [build(n, "blog-build", results=FAILURE) for n in MANY]
    assert newest_digest(known(green, *failed)) == NEW
    late = build(2, "blog-build", results=FAILURE, recorded=NEWER)
    assert newest_digest(known(green, late, *failed)) == NEWER


def test_a_promotion_of_everything_is_reverted_by_its_number_however_old_it_is() -> None:
    moved = {"docs": [OLD, NEW]}
    first = build(1, "site-production", action="promote-all", moved=moved)
    since = {"blog": [OLD, NEWER]}
    others = [build(n, "site-production", action="promote-all", moved=since) for n in MANY]
    docs = history(
        build(1, "docs-production", action="promote", live=OLD),
        build(2, "docs-production", action="promote", live=NEW),
    )
    histories = {"docs": {"production": docs}}
    (move,) = moves_to_revert("1", known(first, *others), histories, "production")
    assert (move.component, move.digest) == ("docs", OLD)


def test_of_builds_that_decide_nothing_the_last_ones_are_read() -> None:
    refused = [build(n, action="promote", results=FAILURE, state_string=REFUSED) for n in MANY]
    found = known(build(1, action="promote", live=OLD), *refused)
    assert [b.number for b in found] == [*reversed(MANY[-DEPTH:]), 1]
    assert found[0].started == START + timedelta(minutes=MANY[-1])
