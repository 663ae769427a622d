"""Who may make what live: every rule, and the words of its refusal."""

from datetime import UTC, datetime, timedelta

import pytest

from model.environment import Environment
from releases.history import Action, Entry, History
from releases.rules import ComponentHeld, DeploymentRequest, Freeze, RequestRefused, choose

STAGING = Environment(name="staging", domain="s.example", indexed=False, tls="internal")
PRODUCTION = Environment(
    name="production", domain="p.example", indexed=True, tls="acme", promotes_from="staging"
)
OLD, NEW, NEWER = ("a" * 64, "b" * 64, "c" * 64)
START = datetime(2026, 11, 22, 10, tzinfo=UTC)


def history(*lived: tuple[Action, str | None]) -> History:
    """Entries told oldest first; a digest of None made nothing live."""
    entries = [
        Entry(
            build=number,
            action=action,
            digest=digest,
            made_live=digest is not None,
            owner="ana",
            reason="because",
            finished=START + timedelta(minutes=number),
        )
        for number, (action, digest) in enumerate(lived, start=1)
    ]
    return History(entries=tuple(reversed(entries)))


NOTHING = history()
VERIFIED = history((Action.DEPLOY, OLD), (Action.DEPLOY, NEW))
ROLLED_BACK = history((Action.PROMOTE, OLD), (Action.PROMOTE, NEW), (Action.ROLL_BACK, OLD))
TWICE = history(
    (Action.PROMOTE, OLD),
    (Action.PROMOTE, NEW),
    (Action.PROMOTE, NEWER),
    (Action.ROLL_BACK, NEW),
)
LIFTED = History(entries=(*history((Action.LIFT_HOLD, None)).entries, *ROLLED_BACK.entries))


HELD = history((Action.PROMOTE, OLD), (Action.HOLD, None))
FROZEN = Freeze(reason="the database moves", owner="ben")


def asked(
    action: Action, digest: str = "", owner: str | None = "ana", freeze_override: str = ""
) -> DeploymentRequest:
    return DeploymentRequest(
        action=action, digest=digest, owner=owner, freeze_override=freeze_override
    )


def decide(
    request: DeploymentRequest,
    environment: Environment,
    here: History,
    before: History = VERIFIED,
    newest: str | None = NEW,
) -> str | None:
    return choose(request, environment, here, before, newest, {"ana"}.__contains__)


def configured(*lived: tuple[Action, str, str]) -> History:
    """Entries told oldest first, each with the configuration that it made live."""
    plain = history(*((action, digest) for action, digest, _ in lived))
    numbers = [number for _, _, number in reversed(lived)]
    return History(
        entries=tuple(
            entry.model_copy(update={"configuration": number})
            for entry, number in zip(plain.entries, numbers, strict=True)
        )
    )


ROTATED = configured(
    (Action.PROMOTE, OLD, "0"), (Action.PROMOTE, NEW, "1"), (Action.CONFIGURE, NEW, "2")
)
"""A secret of the live release was rotated."""

ALLOWED = [
    (asked(Action.DEPLOY, NEW, None), STAGING, NOTHING, NEW),
    (asked(Action.DEPLOY, "", None), STAGING, VERIFIED, NEW),
    (asked(Action.PROMOTE), PRODUCTION, NOTHING, NEW),
    (asked(Action.PROMOTE, NEW[:8]), PRODUCTION, history((Action.PROMOTE, OLD)), NEW),
    (asked(Action.PROMOTE), PRODUCTION, history((Action.PROMOTE, NEW)), NEW),
    (asked(Action.PROMOTE), PRODUCTION, LIFTED, NEW),
    (asked(Action.ROLL_BACK), STAGING, VERIFIED, OLD),
    (asked(Action.ROLL_BACK, OLD[:5]), STAGING, VERIFIED, OLD),
    (asked(Action.ROLL_BACK, NEW[:5]), PRODUCTION, ROLLED_BACK, NEW),
    (asked(Action.ROLL_BACK), PRODUCTION, TWICE, OLD),
    (asked(Action.LIFT_HOLD), PRODUCTION, ROLLED_BACK, None),
    (asked(Action.LIFT_HOLD), STAGING, ROLLED_BACK, NEW),
    (asked(Action.CONFIGURE), STAGING, VERIFIED, NEW),
    (asked(Action.CONFIGURE), PRODUCTION, ROLLED_BACK, OLD),
    (asked(Action.ROLL_BACK, f"{NEW}-1"), PRODUCTION, ROTATED, NEW),
]


@pytest.mark.parametrize(("request_", "environment", "here", "digest"), ALLOWED)
def test_an_allowed_request_names_the_digest(
    request_: DeploymentRequest, environment: Environment, here: History, digest: str | None
) -> None:
    assert decide(request_, environment, here) == digest


REFUSED = [
    (asked(Action.PROMOTE, owner="eve"), PRODUCTION, NOTHING, VERIFIED, "eve is not a releaser"),
    (asked(Action.PROMOTE, owner=None), PRODUCTION, NOTHING, VERIFIED, "nobody is not a releaser"),
    (asked(Action.ROLL_BACK, owner="eve"), STAGING, VERIFIED, NOTHING, "eve is not a releaser"),
    (asked(Action.LIFT_HOLD, owner="eve"), STAGING, VERIFIED, NOTHING, "not a releaser"),
    (asked(Action.DEPLOY, NEW), PRODUCTION, NOTHING, VERIFIED, "takes only what staging verified"),
    (asked(Action.PROMOTE), STAGING, NOTHING, NOTHING, "staging takes every green build"),
    (asked(Action.PROMOTE), PRODUCTION, NOTHING, NOTHING, "staging has verified nothing yet"),
    (asked(Action.PROMOTE, OLD), PRODUCTION, NOTHING, VERIFIED, "10:02 UTC by ana), not aaaa"),
    (asked(Action.PROMOTE), PRODUCTION, ROLLED_BACK, VERIFIED, "on hold since 2026-11-22 10:03 "),
    (asked(Action.ROLL_BACK), STAGING, NOTHING, NOTHING, "an earlier release was never live in"),
    (asked(Action.ROLL_BACK), PRODUCTION, ROLLED_BACK, NOTHING, "an earlier release was never"),
    (asked(Action.ROLL_BACK, NEW), STAGING, VERIFIED, NOTHING, "bbbbbbbbbbbb was never live in st"),
    (asked(Action.ROLL_BACK, NEWER), STAGING, VERIFIED, NOTHING, "cccccccccccc was never live"),
    (asked(Action.LIFT_HOLD), STAGING, VERIFIED, NOTHING, "no hold in staging"),
]


@pytest.mark.parametrize(("request_", "environment", "here", "before", "words"), REFUSED)
def test_a_refusal_says_which_rule(
    request_: DeploymentRequest,
    environment: Environment,
    here: History,
    before: History,
    words: str,
) -> None:
    with pytest.raises(RequestRefused) as refusal:
        decide(request_, environment, here, before)
    assert words in str(refusal.value)


def test_a_hold_makes_green_builds_wait_and_names_who_held_why() -> None:
    with pytest.raises(ComponentHeld, match=r"on hold since .* by ana: because"):
        decide(asked(Action.DEPLOY, NEW, None), STAGING, ROLLED_BACK)


def test_a_build_that_was_followed_by_a_newer_one_moves_nothing() -> None:
    with pytest.raises(ComponentHeld, match="aaaaaaaaaaaa was followed by bbbbbbbbbbbb"):
        decide(asked(Action.DEPLOY, OLD, None), STAGING, NOTHING)


def test_a_promotion_of_something_newer_ends_a_hold() -> None:
    assert decide(asked(Action.PROMOTE), PRODUCTION, ROLLED_BACK, history((Action.DEPLOY, NEWER)))
    promoted = History(entries=(*history((Action.PROMOTE, NEWER)).entries, *ROLLED_BACK.entries))
    assert ROLLED_BACK.hold is not None
    assert promoted.hold is None


def test_what_made_nothing_live_changes_neither_what_is_live_nor_a_hold() -> None:
    entries = (*history((Action.DEPLOY, None)).entries, *ROLLED_BACK.entries)
    assert History(entries=entries).hold == ROLLED_BACK.hold
    assert History(entries=entries).live == ROLLED_BACK.live


def promoted(
    request: DeploymentRequest, here: History, before: History = VERIFIED, *, frozen: bool = False
) -> str | None:
    """What a promotion to a production of two people would bring."""
    freeze = FROZEN if frozen else None
    releasers = {"ana", "ben"}.__contains__
    return choose(request, PRODUCTION, here, before, NEW, releasers, freeze, two_person=True)


def approved(*approvals: tuple[str, str, int]) -> History:
    """A production with these approvals: who, of what, and how many minutes after the start."""
    entries = [
        Entry(
            build=number,
            action=Action.APPROVE,
            digest=digest,
            made_live=False,
            owner=owner,
            reason="looked at it",
            finished=START + timedelta(minutes=minutes),
        )
        for number, (owner, digest, minutes) in enumerate(approvals, start=1)
    ]
    return History(entries=tuple(reversed(entries)))


def test_a_rotated_secret_leaves_a_hold_as_it_is() -> None:
    held = configured(
        (Action.PROMOTE, OLD, "1"),
        (Action.PROMOTE, NEW, "2"),
        (Action.ROLL_BACK, OLD, "1"),
        (Action.CONFIGURE, OLD, "4"),
    )
    assert held.hold
    assert held.hold.action is Action.ROLL_BACK
    assert held.live
    assert held.live.instance == f"{OLD}-4"


def test_a_rollback_to_a_digest_never_means_another_configuration_of_the_live_release() -> None:
    for live in (NEW, f"{NEW}-2"):
        with pytest.raises(RequestRefused, match="was never live in production, or it is live now"):
            decide(asked(Action.ROLL_BACK, live), PRODUCTION, ROTATED)
    assert decide(asked(Action.ROLL_BACK), PRODUCTION, ROTATED) == OLD


def test_a_freeze_refuses_a_promotion_and_says_why_and_by_whom() -> None:
    with pytest.raises(
        RequestRefused, match=r"production is frozen by ben: the database moves; say why"
    ):
        choose(
            asked(Action.PROMOTE), PRODUCTION, NOTHING, VERIFIED, NEW, {"ana"}.__contains__, FROZEN
        )


def test_a_freeze_is_no_match_for_a_reason_nor_for_a_rollback() -> None:
    forced = asked(Action.PROMOTE, freeze_override="the login is broken")
    here = history((Action.PROMOTE, OLD), (Action.PROMOTE, NEWER))
    for request, digest in ((forced, NEW), (asked(Action.ROLL_BACK), OLD)):
        found = choose(request, PRODUCTION, here, VERIFIED, NEW, {"ana"}.__contains__, FROZEN)
        assert found == digest


def test_a_hold_by_hand_stops_every_promotion_until_it_is_released() -> None:
    with pytest.raises(
        RequestRefused, match=r"on hold since .* by ana: because; lift the hold first"
    ):
        decide(asked(Action.PROMOTE), PRODUCTION, HELD)
    lifted = History(entries=(*history((Action.LIFT_HOLD, None)).entries, *HELD.entries))
    assert decide(asked(Action.PROMOTE), PRODUCTION, lifted) == NEW
    with pytest.raises(ComponentHeld):
        decide(asked(Action.DEPLOY, NEW, None), STAGING, HELD)


def test_nothing_is_held_twice_or_where_nothing_is_live() -> None:
    assert decide(asked(Action.HOLD), PRODUCTION, history((Action.PROMOTE, OLD))) == OLD
    with pytest.raises(RequestRefused, match="nothing is live"):
        decide(asked(Action.HOLD), PRODUCTION, NOTHING)
    with pytest.raises(RequestRefused, match="on hold since"):
        decide(asked(Action.HOLD), PRODUCTION, HELD)


def test_two_people_are_two_people() -> None:
    for here in (NOTHING, approved(("ana", NEW, 5)), approved(("ben", OLD, 5))):
        with pytest.raises(
            RequestRefused, match="another releaser than ana must approve bbbbbbbbbbbb"
        ):
            promoted(asked(Action.PROMOTE), here)
    with pytest.raises(RequestRefused, match="must approve"):
        promoted(asked(Action.PROMOTE), approved(("carl", NEW, 5)))  # no releaser any more
    assert promoted(asked(Action.PROMOTE), approved(("ben", NEW, 5))) == NEW
    assert promoted(asked(Action.PROMOTE, owner="ben"), approved(("ana", NEW, 5))) == NEW


def test_an_approval_is_for_one_digest_and_ends_when_staging_moves_on() -> None:
    here = approved(("ben", NEW, 3))
    assert promoted(asked(Action.PROMOTE), here) == NEW
    moved_on = history(
        (Action.DEPLOY, OLD), (Action.DEPLOY, NEW), (Action.DEPLOY, NEWER), (Action.DEPLOY, NEW)
    )
    with pytest.raises(RequestRefused, match="must approve"):
        promoted(asked(Action.PROMOTE), here, moved_on)
    again = history((Action.DEPLOY, OLD), (Action.DEPLOY, NEW), (Action.DEPLOY, NEW))
    assert promoted(asked(Action.PROMOTE), here, again) == NEW


def test_only_what_was_verified_is_approved_and_only_by_releasers() -> None:
    assert decide(asked(Action.APPROVE, NEW), PRODUCTION, NOTHING) == NEW
    with pytest.raises(RequestRefused, match="staging verified"):
        decide(asked(Action.APPROVE, OLD), PRODUCTION, NOTHING)
    with pytest.raises(RequestRefused, match="eve is not a releaser"):
        decide(asked(Action.APPROVE, NEW, "eve"), PRODUCTION, NOTHING)


def test_two_people_wait_for_the_end_of_a_freeze_too() -> None:
    with pytest.raises(RequestRefused, match="frozen"):
        promoted(asked(Action.PROMOTE), approved(("ben", NEW, 5)), frozen=True)
