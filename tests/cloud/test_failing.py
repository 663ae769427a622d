"""What becomes of a build when its cloud or its machine fails."""

from typing import Any

import pytest
from openstack.connection import Connection

from tests.cloud.fixture import Cloud
from tests.cloud.master import (
    CANCELLED,
    EXCEPTION,
    RETRY,
    SHORT,
    SUCCESS,
    Begin,
    Master,
    empty,
    servers,
)
from tests.whole.line import until

pytestmark = [pytest.mark.cloud, pytest.mark.usefixtures("an_empty_project_afterwards")]

PASSING: list[tuple[str, dict[str, Any], str]] = [
    ("status", {"status": 429, "retry_after": 2}, "OpenStack answers 429"),
    ("status", {"status": 500}, "OpenStack answers 500"),
    ("status", {"status": 503}, "OpenStack answers 503"),
]


@pytest.mark.parametrize(("kind", "how", "words"), PASSING, ids=lambda value: str(value)[:30])
def test_trouble_that_passes_is_waited_for(
    master: Master, cloud: Cloud, kind: str, how: dict[str, Any], words: str
) -> None:
    cloud.fault(kind, service="nova", method="POST", path=r".*/servers", count=1, **how)
    build = master.finished(master.build())
    assert build["results"] == SUCCESS
    assert words in master.told(build)
    assert "tries again in" in master.told(build)


def test_a_create_that_takes_too_long_is_asked_again_and_what_comes_of_it_is_swept(
    master: Master, cloud: Cloud, staging: Connection
) -> None:
    cloud.fault("stall", service="nova", method="POST", path=r".*/servers", seconds=30, count=1)
    build = master.finished(master.build())
    assert build["results"] == SUCCESS
    assert "OpenStack does not answer" in master.told(build)
    until(lambda: f"removing machine blog-build-{build['number']} " in master.log, "the late one")
    until(lambda: empty(staging), "the end of the late one")


def test_a_machine_is_adopted_whose_creation_was_never_answered(
    master: Master, cloud: Cloud, staging: Connection
) -> None:
    cloud.fault("reset", service="nova", method="POST", path=r".*/servers", count=1)
    request = master.build("sleep 3")
    build = master.running(request)
    assert len(servers(staging)) == 1
    assert "tries again" not in master.told(build)
    assert master.finished(request)["results"] == SUCCESS
    until(lambda: empty(staging), "the end of its machine")


def test_an_expired_token_is_renewed(master: Master, cloud: Cloud) -> None:
    assert master.finished(master.build())["results"] == SUCCESS
    cloud.fault("status", service="nova", method="POST", path=r".*/servers", status=401, count=1)
    assert master.finished(master.build())["results"] == SUCCESS


SPOILT = [
    ("no-host", "no host has room: No valid host was found"),
    ("spawn", "the machine failed: "),
    ("hang", "the machine is BUILD after 15 s"),
    ("mute", "is ACTIVE, but its worker did not call within 15 s"),
]


LIMITS = {
    "no-host": SHORT,
    "spawn": SHORT,
    "hang": "boot_seconds = 15\n",
    "mute": "attach_seconds = 15\n",
}


@pytest.mark.parametrize(("kind", "words"), SPOILT)
def test_a_machine_that_is_of_no_use_is_followed_by_another(
    begin: Begin, cloud: Cloud, staging: Connection, kind: str, words: str
) -> None:
    master = begin(place=LIMITS[kind])
    cloud.machine_fault(kind)
    build = master.finished(master.build())
    told = master.told(build)
    assert words in told
    assert build["results"] == SUCCESS, told
    until(lambda: empty(staging), "the end of both machines")


def test_the_third_machine_that_is_of_no_use_ends_the_build_with_its_reason(
    master: Master, cloud: Cloud, staging: Connection
) -> None:
    cloud.machine_fault("spawn", count=3)
    build = master.finished(master.build())
    assert build["results"] == EXCEPTION
    assert "no machine: given up after 3 machines: the machine failed: " in master.told(build)
    assert len(master.builds(build["buildrequestid"])) == 1
    until(lambda: empty(staging), "the end of all three")


MISTAKES = [
    ('image = "slipway-worker-*"', 'image = "none-*"', "build.image': no 'none-*'"),
    ('flavor = "small"', 'flavor = "tiny"', "build.flavor': no 'tiny'"),
    ('network = "internal"', 'network = "intern"', "network': no 'intern'"),
    ('groups = ["worker"]', 'groups = ["workers"]', "security_groups': "),
    ('cloud = "sandbox-', 'cloud = "stage-', "cloud': no 'stage-"),
]


@pytest.mark.parametrize(("right", "wrong", "words"), MISTAKES, ids=[w for _, w, _ in MISTAKES])
def test_a_mistake_ends_the_build_at_once_and_names_file_and_key(
    begin: Begin, staging: Connection, right: str, wrong: str, words: str
) -> None:
    master = begin(correct=(right, wrong))
    build = master.finished(master.build())
    assert build["results"] == EXCEPTION
    assert f"no machine: staging.toml: key 'openstack.{words}" in master.told(build)
    assert not servers(staging)


def test_stop_ends_a_build_whose_machine_is_being_made(
    begin: Begin, cloud: Cloud, staging: Connection
) -> None:
    master = begin(place="boot_seconds = 300\n")
    cloud.machine_fault("hang")
    request = master.build()
    until(lambda: servers(staging), "its machine")
    (build,) = master.builds(request)
    master.control(f"builds/{build['buildid']}", "stop", reason="a test")
    assert master.finished(request)["results"] == CANCELLED
    until(lambda: empty(staging), "the end of its machine")


def test_a_delete_that_fails_ten_times_is_tried_again(
    begin: Begin, cloud: Cloud, staging: Connection
) -> None:
    master = begin()
    cloud.fault(
        "status", service="nova", method="DELETE", path=r".*/servers/.*", status=500, count=10
    )
    assert master.finished(master.build())["results"] == SUCCESS
    until(lambda: empty(staging), "the end of its machine", 300)
    assert master.log.count("does not go: OpenStack answers 500") == 10


def test_a_build_whose_machine_is_lost_is_repeated_twice_and_then_ends(
    master: Master, staging: Connection
) -> None:
    request = master.build("sleep 300")
    lost: set[int] = set()

    def lose() -> bool:
        build = master.at_work(request)
        if build and build["number"] not in lost:
            lost.add(build["number"])
            for server in servers(staging):
                staging.compute.delete_server(server, force=True)
        return bool(master.get(f"buildrequests/{request}")["buildrequests"][0]["complete"])

    until(lose, "the end of the build", 240)
    results = [build["results"] for build in master.builds(request)]
    assert results == [RETRY, RETRY, RETRY, EXCEPTION]
    said = master.told(master.builds(request)[-1])
    assert "the machine got lost 3 times; the build is not repeated again" in said
