"""An installation that root started: each part has an account of its own, and keeps it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from agent.process_group import Process, living_processes, recorded_group
from local import account_folders, account_names, installation_accounts
from local.account_names import MASTER
from local.as_account import call
from local.bootstrap import folders
from local.bootstrap.service_user import NAME
from local.errors import CommandError
from local.installation_accounts import named_state
from local.layout import Layout
from local.step_status import listeners, show_status
from local.stop import stop
from tests.local.root_installation import (
    ALONE,
    Installation,
    new_installation,
    run_command,
    running_installation,
    user_number,
)
from tests.whole.line import Line, until

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root gives accounts: make test-root"),
]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that all accounts can enter, with a short path."""
    with TemporaryDirectory() as path:
        Path(path).chmod(0o755)
        (Path(path) / "i").mkdir()
        yield Path(path) / "i"


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with running_installation() as running:
        yield running


def test_every_process_has_the_account_of_its_part(installation: Installation) -> None:
    layout = installation.layout
    for name in installation.accounts:
        number = installation.numbers[name]
        own = layout.of(name)
        pids = [recorded_group(record) for record in own.records()]
        for pid in (int(own.supervisor_pid.read_text()), *pids):
            status = Path(f"/proc/{pid}/status").read_text()
            fields = dict(line.split(":", 1) for line in status.splitlines())
            assert fields["Uid"].split() == fields["Gid"].split() == [str(number)] * 4, name
            groups = account_names.groups(name, installation.numbers)
            assert fields["Groups"].split() == [str(group) for group in groups]
            assert int(fields["CapEff"], 16) == 0


def test_a_killed_supervisord_is_started_again_with_its_account(
    installation: Installation,
) -> None:
    layout = installation.layout
    for name in ("master", "staging"):
        os.kill(int(layout.of(name).supervisor_pid.read_text()), 9)
    again = run_command(layout, "local.run", "--no-wait")
    assert again.returncode == 0, again.stdout + again.stderr
    until(lambda: installation.line.live("staging", "specs"), "staging's specs")
    test_every_process_has_the_account_of_its_part(installation)


def test_the_accounts_of_an_installation_stay(installation: Installation) -> None:
    names = account_folders.names_of(installation.line.site)
    assert installation_accounts.choose(installation.layout, names) == installation.numbers


def test_a_change_is_committed_and_announced_without_root_s_rights(
    installation: Installation,
) -> None:
    before = installation.line.number("specs-build")
    done = run_command(installation.layout, "local.change", "--component", "specs")
    assert done.returncode == 0, done.stderr
    assert "no master answers" not in done.stdout
    assert installation.line.finished("specs-build", before)["results"] == 0
    mirrors = installation.layout.mirrors
    assert {path.lstat().st_uid for path in mirrors.rglob("*")} == {user_number(NAME)}


@contextmanager
def process_of(number: int, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a session of its own, as what a build leaves behind."""
    rights = (f"--reuid={number}", f"--regid={number}", "--clear-groups")
    with subprocess.Popen(
        ("/usr/bin/setpriv", *rights, "sleep", "600"),
        env={"PATH": "/usr/bin", **variables},
        start_new_session=True,
    ) as process:
        status = Path(f"/proc/{process.pid}/status")
        until(lambda: f"Uid:\t{number}\t" in status.read_text(), "its account")
        try:
            yield process
        finally:
            process.kill()


def test_what_a_build_leaves_behind_ends_with_its_lane(installation: Installation) -> None:
    layout, number = installation.layout.of("review"), installation.numbers["review"]
    with process_of(number) as left, process_of(number, SLIPWAY_STATE="/other") as other:
        assert call(layout, "review", lambda: stop(layout))
        until(lambda: left.poll() is not None, "its end")
        assert other.poll() is None
    again = run_command(installation.layout, "local.run", "--no-wait")
    assert again.returncode == 0, again.stderr


def test_an_account_that_another_installation_uses_is_refused(installation: Installation) -> None:
    with process_of(installation.numbers["build"], SLIPWAY_STATE="/other"):
        refused = run_command(installation.layout, "local.run", "--no-wait")
    assert refused.returncode == 1
    assert "of build is also one of /other: stop that, or make clean here" in refused.stderr


@pytest.mark.parametrize("module", ["local.run", "local.stop", "local.change", "local.trial"])
def test_another_user_is_told_that_root_started_it(installation: Installation, module: str) -> None:
    done = run_command(installation.layout, module, before=ALONE)
    assert done.returncode == 1
    assert (
        done.stderr == f"slipway: root started {installation.layout.state}, so run this as root\n"
    )


def test_the_credentials_of_a_cloud_are_copied_for_the_master_alone(
    installation: Installation, folder: Path
) -> None:
    given = folder / "clouds.yaml"
    given.write_text("clouds: {}\n")
    given.chmod(0o600)
    adopted = account_folders.adopt_clouds(replace(installation.layout, clouds=given)).clouds
    assert adopted
    assert adopted.read_text() == "clouds: {}\n"
    able = [n for n in installation.accounts if installation.attack(n, [("read", str(adopted))])[0]]
    assert able == [MASTER]
    (folder / "link").symlink_to(given)
    with pytest.raises(CommandError, match="root cannot read"):
        account_folders.adopt_clouds(replace(installation.layout, clouds=folder / "link"))


def test_a_function_of_an_account_has_no_terminal_and_no_rights_of_root(
    installation: Installation,
) -> None:
    def see() -> list[object]:
        streams = {str(Path(f"/proc/thread-self/fd/{number}").readlink()) for number in (0, 1, 2)}
        return [os.getresuid(), os.getgroups(), os.getsid(0) == os.getpid(), *streams]

    number = installation.numbers["build"]
    assert call(installation.layout, "build", see) == [[number] * 3, [], True, os.devnull]


def test_an_interrupted_command_ends_what_runs_for_it(
    installation: Installation,
) -> None:
    def wait() -> None:
        show_status("waits")
        subprocess.run(("sleep", "600"), check=True)

    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    listeners.append(interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            call(installation.layout, "build", wait)
    finally:
        listeners.remove(interrupt)


@pytest.mark.parametrize("error", [CommandError("out of luck"), KeyError("out of luck")])
def test_a_function_of_an_account_fails_with_its_own_error(
    installation: Installation, error: Exception
) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(CommandError, match="out of luck"):
        call(installation.layout, "build", fail)


def test_an_installation_with_one_account_is_divided_when_root_starts_it(folder: Path) -> None:
    layout = new_installation(folder)
    layout.state.mkdir()
    shutil.chown(layout.state, NAME, NAME)
    started = run_command(layout, "local.run", before=ALONE)
    try:
        assert started.returncode == 0, started.stdout + started.stderr
        assert "everything here runs as one account" in started.stdout
        key = (layout.secrets / "signing-key").read_bytes()
        treasure = planted(layout, folder)
        divided = run_command(layout, "local.run", "--no-wait")
        assert divided.returncode == 0, divided.stdout + divided.stderr
        assert "everything here runs as one account" not in divided.stdout
        assert (layout.secrets / "signing-key").read_bytes() == key
        assert {path.stat().st_uid for path in treasure} == {0}
        layout = replace(layout, separate=True)
        test_every_process_has_the_account_of_its_part(
            Installation(Line(layout), installation_accounts.numbers(layout))
        )
        # What was released before is served by the accounts that the components have now.
        line = Line(layout)
        pages = {c.name: line.page("staging", c.name).status for c in line.site.components}
        assert set(pages.values()) == {200}, pages
        upload = line.page("staging", "forum", "/uploads/shipped.txt")
        assert (upload.status, upload.body) == (200, "shipped\n")
        left = [p for p in living_processes() if is_www_data(p)]
        assert str(layout.state) not in map(named_state, left)
    finally:
        run_command(layout, "local.stop")


@pytest.mark.parametrize(
    ("mode", "owner", "trusted"),
    [(0o755, 0, True), (0o1777, 0, True), (0o777, 0, False), (0o775, 0, False), (0o755, 33, False)],
)
def test_an_installation_is_refused_where_another_account_could_replace_it(
    folder: Path, mode: int, owner: int, trusted: bool
) -> None:
    folder.chmod(mode)
    os.chown(folder, owner, 33)
    with nullcontext() if trusted else pytest.raises(CommandError, match=f"replace .* {folder}"):
        folders.require_trusted(folder)
    with nullcontext() if trusted else pytest.raises(CommandError, match=f"replace .* {folder}"):
        folders.require_trusted(folder / "inner" / "deep")


def test_no_folder_is_created_behind_the_link_of_another_account(folder: Path) -> None:
    (folder.parent / "treasure").mkdir()
    (folder / "link").symlink_to(folder.parent / "treasure")
    os.chown(folder / "link", 33, 33, follow_symlinks=False)
    for path in (folder / "link" / "run", folder / "link"):
        with pytest.raises(CommandError, match="root does not follow the link 'link'"):
            folders.share(path, 33)
    assert not list((folder.parent / "treasure").iterdir())
    assert (folder.parent / "treasure").stat().st_gid == 0


def planted(layout: Layout, folder: Path) -> list[Path]:
    """What is root's, and is linked from the installation by the account that it has so far."""
    treasure = folder.parent / "treasure"
    treasure.mkdir()
    (treasure / "file").touch()
    (treasure / "file").chmod(0o666)
    for name in ("staging/srv", "master", "home"):
        os.link(treasure / "file", layout.state / name / "hard")
    (layout.state / "soft").symlink_to(treasure)
    shutil.rmtree(layout.state / "logs")
    (layout.state / "logs").symlink_to(treasure)
    os.mkfifo(layout.state / "pipe")
    return [treasure, treasure / "file"]


def is_www_data(process: Process) -> bool:
    return Path(f"/proc/{process.pid}").stat().st_uid == user_number(NAME)


def test_what_others_link_into_a_tree_is_not_handed_over(tmp_path: Path) -> None:
    tree, number = tmp_path / "tree", installation_accounts.unused_number("test", ())
    (tree / "inner").mkdir(parents=True)
    for name in ("file", "inner/file"):
        (tree / name).touch()
    for path in (tree, *tree.rglob("*")):
        shutil.chown(path, NAME, NAME)
    (tree / "inner").chmod(0o777)
    treasure = tmp_path / "treasure"
    treasure.touch()
    os.link(treasure, tree / "inner" / "hard")
    (tree / "soft").symlink_to(treasure)
    (tree / "folder").symlink_to(tmp_path)
    os.mkfifo(tree / "pipe")
    with folders.opened(tmp_path) as parent:
        folders.hand_over("tree", parent, user_number(NAME), number)
    assert treasure.stat().st_uid == tmp_path.stat().st_uid == 0
    assert {(tree / name).stat().st_uid for name in ("", "file", "inner", "inner/file")} == {number}
    assert (tree / "inner").stat().st_mode & 0o022 == 0
