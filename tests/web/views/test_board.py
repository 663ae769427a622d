"""The board as a value: what each cell says of a ledger."""

from datetime import timedelta
from typing import Any

from buildbot.process.results import FAILURE

from releases.history import Action
from releases.ledger import Build, history_from_builds
from releases.site_wide import SiteAction
from tests.releases.ledgers import NEW, NEWER, OLD, PRODUCTION, SITE, START, build, ledger
from web.views.board import BoardInputs, board, expected_seconds
from web.views.board_model import Board, Cell, Health, Running

STAGED = (
    build(1, "blog-staging", action="deploy", live=OLD, owner=None, reason=""),
    build(9, "blog-staging", action="deploy", live=NEW, owner=None, reason=""),
)
PROMOTED = build(5, action="promote", live=OLD)


def seen(*told: Build, site: Any = SITE, **more: Any) -> Board:
    inputs: dict[str, Any] = {"running": {}, "queued": {}, "healths": {}, "builder_ids": {}}
    inputs |= {"now": START + timedelta(hours=1)}
    builds = ledger(*told)
    inputs["histories"] = {name: history_from_builds(some) for name, some in builds.items()}
    return board(BoardInputs(site=site, builds=builds, **inputs | more), lambda _: None)


def cell(shown: Board, component: str = "blog", environment: str = "production") -> Cell:
    (row,) = (row for row in shown.rows if row.component == component)
    return next(cell for cell in row.cells if cell.environment == environment)


def test_components_and_environments_stand_in_the_site_s_order() -> None:
    shown = seen()
    assert [row.component for row in shown.rows] == ["docs", "blog"]
    assert [column.name for column in shown.columns] == ["staging", "production"]
    assert cell(shown).live is None


def test_what_staging_verified_last_waits_for_production() -> None:
    found = cell(seen(*STAGED, PROMOTED))
    assert found.live
    assert found.waiting
    assert (found.live.digest, found.waiting.digest, found.blocked_by) == (OLD, NEW, "")
    assert (found.live.owner, found.live.reason) == ("ana", "because")
    assert found.waiting.owner == "a green build"


def test_nothing_waits_where_the_same_is_live() -> None:
    assert cell(seen(*STAGED, build(10, action="promote", live=NEW))).waiting is None


def test_a_release_that_was_made_live_again_has_been_here_since_it_came() -> None:
    found = cell(seen(*STAGED, PROMOTED, build(12, action="promote", live=OLD))).live
    assert found
    assert found.since == PROMOTED.finished


def test_a_rollback_holds_and_says_why_and_the_next_one_goes_further_back() -> None:
    first, second = build(2, action="promote", live=OLD), build(3, action="promote", live=NEW)
    third = build(4, action="promote", live=NEWER)
    back = build(6, action="roll-back", live=NEW, reason="broken login")
    found = cell(seen(*STAGED, first, second, third, back))
    assert found.hold
    assert found.hold.message == "ana: broken login"
    assert found.previous == OLD
    assert [release.digest for release in found.earlier] == [NEWER, OLD]


MIGRATION = {"definitions": ["notes"], "rows": ["options"], "seconds": 1.4}


def test_a_promotion_says_beforehand_what_it_will_do_to_the_database() -> None:
    staged = build(9, "blog-staging", action="deploy", live=NEW, migration=MIGRATION)
    found = cell(seen(staged, PROMOTED))
    assert found.waiting
    assert found.waiting.migration == (
        "changes the definition of 1 table and rows of 1 table, took 1.4 s on a copy, "
        "visitors only read meanwhile"
    )


def test_a_rollback_says_that_the_database_changed_since() -> None:
    newer = build(6, action="promote", live=NEW, migration=MIGRATION)
    newest = build(7, action="promote", live=NEWER, migration={"seconds": 0.1})
    found = cell(seen(*STAGED, PROMOTED, newer, newest)).earlier
    assert [(release.digest, release.migrated_since) for release in found] == [
        (NEW, ""),
        (OLD, "migrations have changed 2 tables since"),
    ]


def test_a_rollback_may_return_to_the_configuration_before() -> None:
    before = build(6, action="promote", live=NEW, configuration="6")
    rotated = build(7, action="configure", live=NEW, configuration="7", configured="config.php")
    found = cell(seen(*STAGED, PROMOTED, before, rotated))
    assert [release.instance for release in found.earlier] == [f"{NEW}-6", OLD]
    assert found.previous == OLD


def test_what_stands_against_a_promotion_is_said_beforehand() -> None:
    frozen = build(7, "site-production", action="freeze", reason="moving")
    assert "frozen by ana: moving" in cell(seen(*STAGED, PROMOTED, frozen)).blocked_by
    (column,) = (c for c in seen(frozen).columns if c.name == "production")
    assert column.freeze
    assert column.manual
    two = SITE.model_copy(update={"two_person": ("production",)})
    assert "requires an approval" in cell(seen(*STAGED, PROMOTED, site=two)).blocked_by
    approved = build(11, action="approve", approved=NEW, owner="ben")
    found = cell(seen(*STAGED, PROMOTED, approved, site=two))
    assert (found.blocked_by, found.approvals) == ("", ("ben",))


def test_the_last_thing_that_went_wrong_is_shown_until_something_goes_well() -> None:
    refused = build(
        6, action="promote", results=FAILURE, state_string="failed refused: frozen (failure)"
    )
    found = cell(seen(*STAGED, PROMOTED, refused)).failed
    assert found
    assert found.message == "refused: frozen"
    well = build(8, action="promote", live=NEW)
    assert cell(seen(*STAGED, PROMOTED, refused, well)).failed is None


def test_a_component_that_cannot_be_built_says_why() -> None:
    broken = build(
        3,
        "blog-build",
        results=FAILURE,
        state_string="failed patch 1 of 1 does not apply (failure)",
    )
    (row,) = (row for row in seen(broken).rows if row.component == "blog")
    assert row.problem
    assert row.problem.message == "patch 1 of 1 does not apply"
    mended = build(4, "blog-build", recorded=NEW)
    (row,) = (row for row in seen(broken, mended).rows if row.component == "blog")
    assert row.problem is None


def test_a_promotion_of_everything_that_stopped_can_be_returned() -> None:
    half = build(
        3, "site-production", action="promote-all", moved={"blog": [OLD, NEW]}, results=FAILURE
    )
    moved = build(5, action="promote", live=NEW)
    (column,) = (c for c in seen(half, moved).columns if c.name == "production")
    assert column.interrupted
    assert column.interrupted_build == "3"
    back = build(6, action="roll-back", live=OLD)
    (column,) = (c for c in seen(half, moved, back).columns if c.name == "production")
    assert column.interrupted is None


def test_what_runs_waits_and_is_well_is_where_it_belongs() -> None:
    running = Running(
        link="#/x", action="promote", owner="ana", step="switch", message="", done=6,
        worker="deploy-production", started=START, seconds=3.0,
    )  # fmt: skip
    later = START + timedelta(minutes=59)
    health = Health(healthy=False, message="GET / -> 500, expected 200", when=later)
    shown = seen(
        *STAGED,
        PROMOTED,
        running={PRODUCTION.builder(SITE.component("blog")): running},
        queued={"blog-production": 2},
        healths={("production", "blog"): health, ("production", "docs"): health},
    )
    found = cell(shown)
    assert (found.running, found.queued, found.health) == (running, 2, health)
    assert cell(shown, "docs").health is None
    stale = health.model_copy(update={"when": START})
    assert cell(seen(*STAGED, PROMOTED, healths={("production", "blog"): stale})).health is None


def test_each_action_and_builder_is_named_as_a_press_must_name_them() -> None:
    ids = {"blog-production": 3, "site-production": 4, "blog-build": 5}
    shown = seen(builder_ids=ids, site=SITE.model_copy(update={"two_person": ("production",)}))
    staging, production = shown.columns
    assert set(staging.buttons) == {"roll-back", "hold", "lift-hold", "configure"}
    assert set(production.buttons) == {
        *(action for action in Action if action is not Action.DEPLOY),
        *SiteAction,
    }
    assert production.buttons["promote"] == "promote-production"
    assert (staging.builder_id, production.builder_id) == (None, 4)
    assert (cell(shown).builder_id, cell(shown, environment="staging").builder_id) == (3, None)
    assert {row.component: row.builder_id for row in shown.rows} == {"blog": 5, "docs": None}
    assert shown.buttons == {"build": "build"}


def test_how_long_it_takes_is_the_median_of_the_last_like_it() -> None:
    alike = [build(n, action="promote", live=OLD) for n in range(3)]
    failed = build(9, action="promote", results=FAILURE)
    assert expected_seconds([failed, *alike], "promote") == 30.0
    assert expected_seconds(alike, "roll-back") is None
