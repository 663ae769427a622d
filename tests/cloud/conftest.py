"""The one cloud that all its tests share, and the masters that have machines of it."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openstack.connection import Connection

from tests.cloud.fixture import Cloud, shared
from tests.cloud.master import SHORT, Begin, Master, empty, servers
from tests.cloud.ports import free_ports
from tests.whole.line import until


@pytest.fixture(scope="session")
def project() -> str:
    """A project that no other of xdist's workers has."""
    return f"sandbox-{os.environ.get('PYTEST_XDIST_WORKER', 'gw0').removeprefix('gw')}"


@pytest.fixture(scope="session")
def cloud(project: str) -> Iterator[Cloud]:
    """The cloud of this checkout, which all tests of a session share."""
    with shared() as found:
        yield replace(found, project=project)


@pytest.fixture(scope="module")
def staging(cloud: Cloud, project: str) -> Connection:
    """The project of all these machines; an environment called staging has them."""
    return cloud.connect(project)


@pytest.fixture(scope="module")
def ports(cloud: Cloud) -> list[int]:
    """Two for all masters: which one machines call, the cloud is told only once."""
    found = free_ports(4)
    cloud.relay(found[1], found[3])
    return found


@pytest.fixture
def an_empty_project_afterwards(cloud: Cloud, project: str, staging: Connection) -> Iterator[None]:
    cloud.quota(project, instances=8)
    yield
    cloud.mend()
    until(lambda: empty(staging), "an empty project")


@pytest.fixture(scope="module")
def master(
    cloud: Cloud, ports: list[int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Master]:
    """The master of all tests that need no other."""
    folder = tmp_path_factory.mktemp("master")
    master = Master(
        cloud,
        folder,
        ports[0],
        ports[1],
        place=SHORT,
        lane="machines = 20",
        project=str(cloud.project),
    )
    try:
        master.start()
        yield master
    finally:
        master.stop()


@pytest.fixture
def begin(cloud: Cloud, staging: Connection, ports: list[int], tmp_path: Path) -> Iterator[Begin]:
    """Start a master of a test's own, which ends with it, as does all that it has made."""
    masters: list[Master] = []
    known: dict[str, Any] = {"place": SHORT, "project": cloud.project}

    def started(**how: Any) -> Master:
        found = Master(cloud, tmp_path, ports[2], ports[3], **(known | how))
        masters.append(found)
        found.start()
        return found

    yield started
    for master in masters:
        master.stop()
    for server in servers(staging):
        staging.compute.delete_server(server, force=True)
