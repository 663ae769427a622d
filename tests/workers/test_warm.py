"""Which machines that wait are let go."""

import time
from types import SimpleNamespace
from typing import Any

import pytest
from buildbot.worker.latent import States

from model.environment import Environment
from model.openstack import Lane, OpenStack
from workers.latent import RENEWED_SECONDS, MachineWorker
from workers.sweeper import Boot
from workers.warm import WarmPool

PLACE = Environment(
    name="staging",
    domain="s.example",
    indexed=False,
    tls="internal",
    openstack=OpenStack(
        cloud="staging",
        master="10.0.0.1:8011",
        network="internal",
        build=Lane(image="debian", flavor="small"),
    ),
)


class Builder:
    """What a builder knows of its worker."""

    def __init__(self, busy: bool) -> None:
        self.isBusy = lambda: busy


class Waiting(MachineWorker):
    """A worker whose machine has been there for some seconds; it only notes that it is let go."""

    def __init__(self, age: float, building: bool = False) -> None:
        self.name = f"build-{age}-{building}"
        self.environment, self.lane_name = PLACE, "build"
        self.state, self.configured = States.SUBSTANTIATED, True
        self.conn: Any = object()
        self.workerforbuilders: Any = {"blog-build": Builder(building)}
        since = time.monotonic() - age
        self.boot = Boot(self.name, "staging", "machine", since, lambda: None)
        self.gone = False

    def insubstantiate(self, *given: Any, **more: Any) -> Any:  # noqa: ARG002  # as Buildbot's
        self.gone = True


@pytest.mark.parametrize(
    ("age", "building", "gone"),
    [
        (RENEWED_SECONDS + 60, False, True),
        (RENEWED_SECONDS + 60, True, False),
        (RENEWED_SECONDS - 60, False, False),
    ],
    ids=["old and idle", "old and at work", "young"],
)
def test_a_machine_is_renewed_before_it_turns_itself_off(
    age: float, building: bool, gone: bool
) -> None:
    worker = Waiting(age, building)
    pool: Any = WarmPool()
    master = SimpleNamespace(
        workers=SimpleNamespace(workers={worker.name: worker}),
        reactor=SimpleNamespace(seconds=lambda: 0),
    )
    pool.parent = SimpleNamespace(master=master)
    pool.refill()
    assert worker.gone is gone
