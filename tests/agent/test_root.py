"""Where root deploys, each component's processes have an account of their own.

Everything in `test_processes*.py` holds for root as well: `make test` runs it twice.
"""

import grp
import os
import stat
import subprocess
from pathlib import Path

import pytest

from agent import accounts, instances
from tests.agent import service_applications
from tests.agent.server_fixture import EDGE, Release, World

COMMAND = "/usr/bin/python3 -B -m local.bootstrap test-as-root -m pytest tests/agent/test_root.py"

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason=f"only root can show this: sudo {COMMAND}"),
]


@pytest.fixture(scope="module")
def both(town: World, api: Release) -> tuple[int, int]:
    """The accounts of the two components, both live."""
    assert api
    assert town.deploy(service_applications.notes(town, "beside")).code == 0
    uids = [
        Path(f"/proc/{town.listening(component, 'web')}").stat().st_uid
        for component in ("api", "notes")
    ]
    return uids[0], uids[1]


def may(account: int, *command: str | Path) -> bool:
    """Whether a command of this account succeeds."""
    words = [f"--reuid={account}", f"--regid={account}", "--clear-groups", *map(str, command)]
    return subprocess.run(["setpriv", *words], capture_output=True, check=False).returncode == 0


def test_each_component_has_an_account_of_its_own(both: tuple[int, int]) -> None:
    assert both[0] != both[1]
    assert all(number in accounts.RANGE for number in both)


def test_a_process_keeps_nothing_of_root(town: World, both: tuple[int, int]) -> None:
    lines = Path(f"/proc/{town.listening('api', 'web')}/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    assert status["Uid"].split() == status["Gid"].split() == [str(both[0])] * 4
    assert status["Groups"].split() == []
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0


def test_a_secret_is_read_by_its_component_alone(
    town: World, api: Release, both: tuple[int, int]
) -> None:
    settings = town.directory("api").release(api.digest) / ".slipway/web.env"
    mine, theirs = both
    assert (settings.stat().st_uid, stat.S_IMODE(settings.stat().st_mode)) == (mine, 0o400)
    assert may(mine, "cat", settings)
    assert not may(theirs, "cat", settings)
    assert not may(theirs, "ls", town.server.services)


def test_the_edge_reaches_a_socket_and_other_components_do_not(
    town: World, api: Release, both: tuple[int, int]
) -> None:
    folder = instances.socket_folder(town.server, "api", api.digest).stat()
    assert (folder.st_uid, folder.st_gid) == (both[0], grp.getgrnam(EDGE).gr_gid)
    assert stat.S_IMODE(folder.st_mode) == 0o2750
    socket = instances.service_socket(town.server, "api", api.digest, "web")
    assert socket.stat().st_gid == grp.getgrnam(EDGE).gr_gid
    dial = f"import socket; socket.socket(socket.AF_UNIX).connect('{socket}')"
    assert may(grp.getgrnam(EDGE).gr_gid, "/usr/bin/python3", "-c", dial)
    assert not may(both[1], "/usr/bin/python3", "-c", dial)


def test_a_writable_folder_is_its_component_s_and_nothing_else_is(
    town: World, api: Release, both: tuple[int, int]
) -> None:
    directory = town.directory("api")
    mine, theirs = both
    kept = directory.shared / "data"
    assert may(mine, "touch", kept / "new", kept / "shipped.txt")
    assert not may(theirs, "touch", kept / "new")
    for closed in (
        directory.path,
        directory.shared,
        directory.releases,
        directory.release(api.digest),
    ):
        assert not may(mine, "touch", closed / "mine")
    assert not may(mine, "ls", directory.backups)


def test_a_release_changes_nothing_about_the_account(town: World, both: tuple[int, int]) -> None:
    assert town.deploy(service_applications.notes(town, "once more")).code == 0
    assert Path(f"/proc/{town.listening('notes', 'web')}").stat().st_uid == both[1]
