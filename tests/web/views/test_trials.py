"""The rows of the tab Upstream, made of the reports that trials leave."""

from datetime import UTC, datetime

from releases.trial import PatchTrial, Report, Target, Trial, Verdict
from tests.releases.ledgers import component
from web.views.trials import trial_rows

WHEN = datetime(2026, 11, 25, 2, 23, tzinfo=UTC)
BLOG = component("blog")
CONFLICT = PatchTrial(
    name="0001-footer.patch",
    id="1" * 40,
    author="Ana",
    subject="Add a footer",
    verdict=Verdict.CONFLICTS,
    detail="patch failed: index.php:40",
)


def test_a_component_that_was_never_tried_has_a_row_without_trials() -> None:
    (row,) = trial_rows([BLOG], {"blog": (None, "#/builders/blog-upstream")})
    assert (row.component, row.when, row.trials) == ("blog", None, ())
    assert row.link == "#/builders/blog-upstream"


def test_each_trial_says_whether_it_fits_and_what_became_of_each_patch() -> None:
    trials = (
        Trial(target=Target.PINNED, release="6.1.9", commit="a" * 40),
        Trial(target=Target.NEWEST, release="6.2", commit="b" * 40, patches=(CONFLICT,)),
        Trial(target=Target.MAIN, release="main", commit="c" * 40, failed="test: 1 failed"),
    )
    report = Report(component="blog", when=WHEN, trials=trials)
    (row,) = trial_rows([BLOG], {"blog": (report, "#/builders/1/builds/2")})
    assert row.when == WHEN
    assert {trial.target: trial.fits for trial in row.trials} == {
        Target.PINNED: True,
        Target.NEWEST: False,
        Target.MAIN: False,
    }
    (patch,) = row.trials[1].patches
    assert patch.words == "conflicts (index.php, line 40)"
    assert row.trials[2].failed == "test: 1 failed"


def test_a_report_without_trials_says_why() -> None:
    report = Report(component="blog", when=WHEN, trials=(), unknown="it cannot be reached")
    (row,) = trial_rows([BLOG], {"blog": (report, "#/builders/1/builds/2")})
    assert row.unknown == "it cannot be reached"
