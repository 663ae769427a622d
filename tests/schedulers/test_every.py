"""How many schedulers a site has, and what they are called."""

from schedulers.every import schedulers
from tests.releases.ledgers import PRODUCTION, SITE, STAGING, component

STAGING_TOO = {
    f"{action}-staging" for action in ("deploy", "roll-back", "hold", "lift-hold", "configure")
}
PRODUCTION_TOO = {
    *(
        f"{action}-production"
        for action in ("deploy", "promote", "roll-back", "hold", "lift-hold", "configure")
    ),
    *(f"{action}-production" for action in ("promote-all", "revert", "freeze", "thaw")),
}


def named(**changed: object) -> set[str]:
    return {str(scheduler.name) for scheduler in schedulers(SITE.model_copy(update=changed))}


def test_each_reason_has_one_scheduler_in_each_environment() -> None:
    assert (
        named()
        == {"described", "merge", "build", "nightly-retention", "remove-artifacts"}
        | STAGING_TOO
        | PRODUCTION_TOO
    )


def test_more_components_need_no_more_schedulers() -> None:
    many = tuple(component(f"component-{number}") for number in range(60))
    assert named(components=many) == named()


def test_what_is_pinned_is_tried_on_newer_releases() -> None:
    pinned = component("blog").model_copy(
        update={
            "upstream": SITE.components[0].upstream.model_copy(
                update={"branch": None, "release": "1.*"}
            )
        }
    )
    more = {"try-upstream", "nightly-upstream", "upstream-released"}
    assert named(components=(pinned,)) == named() | more


def test_approvals_are_asked_for_where_two_people_are_needed() -> None:
    assert named(two_person=("production",)) == named() | {"approve-production"}


def test_an_environment_that_takes_every_green_build_has_nothing_to_promote() -> None:
    staging = named(environments=(STAGING,))
    assert (
        staging
        == {"described", "merge", "build", "nightly-retention", "remove-artifacts"} | STAGING_TOO
    )
    assert named(environments=(STAGING, PRODUCTION)) - staging == PRODUCTION_TOO
