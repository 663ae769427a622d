"""Where components have accounts of their own, as in an installation that root started.

The agent and the edge have others. Everything in `test_processes*.py` holds there as well: run as
root, those tests deploy to such a server.
"""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from agent import service_process
from agent.account_numbers import RANGE
from agent.accounts import group_number
from local import account_names
from tests.agent import service_applications
from tests.agent.packaging import Release
from tests.agent.server_accounts import ENVIRONMENT
from tests.agent.server_fixture import ServerFixture

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


def can_run(server: ServerFixture, account: int, *command: str | Path) -> bool:
    """Whether a command of this account succeeds."""
    name = {number: name for name, number in server.accounts.numbers.items()}[account]
    words = [*server.accounts.prefix(name), *map(str, command)]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def edge(server: ServerFixture) -> int:
    return server.accounts.numbers[account_names.of_edge(ENVIRONMENT)]


def connection_to(socket: Path) -> tuple[str, ...]:
    """The command that connects to a socket."""
    dial = f"import socket; socket.socket(socket.AF_UNIX).connect('{socket}')"
    return "/usr/bin/python3", "-c", dial


def test_each_component_has_an_account_of_its_own(accounts_of_both: tuple[int, int]) -> None:
    assert accounts_of_both[0] != accounts_of_both[1]
    assert all(number in RANGE for number in accounts_of_both)


def test_a_process_keeps_nothing_of_root(
    process_server: ServerFixture, accounts_of_both: tuple[int, int]
) -> None:
    lines = (
        Path(f"/proc/{process_server.live_process('api', 'web')}/status").read_text().splitlines()
    )
    status = dict(line.split(":", 1) for line in lines)
    assert status["Uid"].split() == status["Gid"].split() == [str(accounts_of_both[0])] * 4
    groups = account_names.groups("testing.api", process_server.accounts.numbers)
    assert status["Groups"].split() == [str(group) for group in groups]
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0


def test_a_secret_is_read_by_its_component_alone(
    process_server: ServerFixture, api: Release, accounts_of_both: tuple[int, int]
) -> None:
    settings = process_server.tree(api) / ".slipway/web.env"
    mine, theirs = accounts_of_both
    assert (settings.stat().st_gid, stat.S_IMODE(settings.stat().st_mode)) == (mine, 0o440)
    assert can_run(process_server, mine, "cat", settings)
    for other in (theirs, edge(process_server)):
        assert not can_run(process_server, other, "cat", settings)
        assert not can_run(process_server, other, "ls", process_server.settings.services("api"))


def test_the_edge_reaches_a_socket_and_other_components_do_not(
    process_server: ServerFixture, api: Release, accounts_of_both: tuple[int, int]
) -> None:
    folder = service_process.socket_folder(
        process_server.settings, "api", process_server.instance(api).short
    )
    readers = group_number(process_server.settings.accounts["api"].readers)
    mine, theirs = accounts_of_both
    assert (folder.stat().st_uid, folder.stat().st_gid) == (mine, readers)
    who = {"itself": mine, "notes": theirs, "edge": edge(process_server)}
    reached = {
        service: {
            name
            for name, account in who.items()
            if can_run(process_server, account, *connection_to(folder / f"{service}.sock"))
        }
        for service in ("web", "feed", "inner")
    }
    public = {"itself", "edge"}
    assert reached == {"web": public, "feed": public, "inner": {"itself"}}


def test_a_writable_folder_is_its_component_s_and_nothing_else_is(
    process_server: ServerFixture, api: Release, accounts_of_both: tuple[int, int]
) -> None:
    directory = process_server.directory("api")
    mine, theirs = accounts_of_both
    folder = directory.shared / "data"
    assert can_run(process_server, mine, "touch", folder / "new", folder / "shipped.txt")
    assert not can_run(process_server, theirs, "touch", folder / "new")
    # No file of a service's folder is served: it may link to what only the edge may read.
    assert not can_run(process_server, edge(process_server), "ls", folder)
    for closed in (
        directory.path,
        directory.shared,
        directory.releases,
        process_server.tree(api),
    ):
        assert not can_run(process_server, mine, "touch", closed / "mine")
    for closed in (directory.backups, directory.logins):
        assert not can_run(process_server, mine, "ls", closed)


def test_a_release_changes_nothing_about_the_account(
    process_server: ServerFixture, accounts_of_both: tuple[int, int]
) -> None:
    assert process_server.deploy(service_applications.notes(process_server, "once more")).code == 0
    assert (
        Path(f"/proc/{process_server.live_process('notes', 'web')}").stat().st_uid
        == accounts_of_both[1]
    )
