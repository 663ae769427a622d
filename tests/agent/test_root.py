"""When root deploys, the processes of each component have their own account.

Everything in `test_processes*.py` holds for root as well: `make test` runs it twice.
"""

import grp
import os
import stat
import subprocess
from pathlib import Path

import pytest

from agent import accounts, service_process
from tests.agent import service_applications
from tests.agent.packaging import Release
from tests.agent.server_fixture import ServerFixture
from tests.agent.server_setup import EDGE

COMMAND = "/usr/bin/python3 -B -m local.bootstrap test-as-root -m pytest tests/agent/test_root.py"

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason=f"only root can show this: sudo {COMMAND}"),
]


@pytest.fixture(scope="module")
def accounts_of_both(process_server: ServerFixture, api: Release) -> tuple[int, int]:
    """The accounts of the two components, both live."""
    assert api
    assert process_server.deploy(service_applications.notes(process_server, "beside")).code == 0
    uids = [
        Path(f"/proc/{process_server.live_process(component, 'web')}").stat().st_uid
        for component in ("api", "notes")
    ]
    return uids[0], uids[1]


def can_run(account: int, *command: str | Path) -> bool:
    """Whether a command of this account succeeds."""
    words = [f"--reuid={account}", f"--regid={account}", "--clear-groups", *map(str, command)]
    return subprocess.run(["setpriv", *words], capture_output=True, check=False).returncode == 0


def test_each_component_has_an_account_of_its_own(accounts_of_both: tuple[int, int]) -> None:
    assert accounts_of_both[0] != accounts_of_both[1]
    assert all(number in accounts.RANGE for number in accounts_of_both)


def test_a_process_keeps_nothing_of_root(
    process_server: ServerFixture, accounts_of_both: tuple[int, int]
) -> None:
    lines = (
        Path(f"/proc/{process_server.live_process('api', 'web')}/status").read_text().splitlines()
    )
    status = dict(line.split(":", 1) for line in lines)
    assert status["Uid"].split() == status["Gid"].split() == [str(accounts_of_both[0])] * 4
    assert status["Groups"].split() == []
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0


def test_a_secret_is_read_by_its_component_alone(
    process_server: ServerFixture, api: Release, accounts_of_both: tuple[int, int]
) -> None:
    settings = process_server.tree(api) / ".slipway/web.env"
    mine, theirs = accounts_of_both
    assert (settings.stat().st_uid, stat.S_IMODE(settings.stat().st_mode)) == (mine, 0o400)
    assert can_run(mine, "cat", settings)
    assert not can_run(theirs, "cat", settings)
    assert not can_run(theirs, "ls", process_server.settings.services)


def test_the_edge_reaches_a_socket_and_other_components_do_not(
    process_server: ServerFixture, api: Release, accounts_of_both: tuple[int, int]
) -> None:
    folder = service_process.socket_folder(
        process_server.settings, "api", process_server.instance(api).short
    ).stat()
    assert (folder.st_uid, folder.st_gid) == (accounts_of_both[0], grp.getgrnam(EDGE).gr_gid)
    assert stat.S_IMODE(folder.st_mode) == 0o2750
    socket = service_process.service_socket(
        process_server.settings, "api", process_server.instance(api).short, "web"
    )
    assert socket.stat().st_gid == grp.getgrnam(EDGE).gr_gid
    dial = f"import socket; socket.socket(socket.AF_UNIX).connect('{socket}')"
    assert can_run(grp.getgrnam(EDGE).gr_gid, "/usr/bin/python3", "-c", dial)
    assert not can_run(accounts_of_both[1], "/usr/bin/python3", "-c", dial)


def test_a_writable_folder_is_its_component_s_and_nothing_else_is(
    process_server: ServerFixture, api: Release, accounts_of_both: tuple[int, int]
) -> None:
    directory = process_server.directory("api")
    mine, theirs = accounts_of_both
    folder = directory.shared / "data"
    assert can_run(mine, "touch", folder / "new", folder / "shipped.txt")
    assert not can_run(theirs, "touch", folder / "new")
    for closed in (
        directory.path,
        directory.shared,
        directory.releases,
        process_server.tree(api),
    ):
        assert not can_run(mine, "touch", closed / "mine")
    assert not can_run(mine, "ls", directory.backups)


def test_a_release_changes_nothing_about_the_account(
    process_server: ServerFixture, accounts_of_both: tuple[int, int]
) -> None:
    assert process_server.deploy(service_applications.notes(process_server, "once more")).code == 0
    assert (
        Path(f"/proc/{process_server.live_process('notes', 'web')}").stat().st_uid
        == accounts_of_both[1]
    )
