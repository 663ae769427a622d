"""Who reaches what, in an installation that root started: each account what is its own.

The attacker runs with the number of each account, as whatever a lane builds or an environment
serves does.
"""

import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from agent.process_group import Process, living_processes, recorded_group
from local import account_folders, installation_accounts
from local.as_account import call
from local.bootstrap import folders
from local.bootstrap.service_user import NAME
from local.errors import CommandError
from local.installation_accounts import MASTER, named_state
from local.layout import CHECKOUT, Layout, is_separate
from local.services.programs import worker_accounts
from local.step_status import listeners, show_status
from local.stop import stop
from model.site import Site
from tests.whole.line import Line, until

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root gives accounts: make test-root"),
]

OTHER = "www-data"
"""An account of this machine that has nothing to do with the installation, but for the mirrors."""

ALONE = ("setpriv", f"--reuid={NAME}", f"--regid={NAME}", "--clear-groups")
"""As the account that an installation has if nobody but an ordinary user starts it."""

ATTACKER = """
import json, os, socket, sys

def read(path):
    os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(1)

def write(path):
    os.close(os.open(path, os.O_WRONLY | os.O_APPEND))

def create(folder):
    name = f"{folder}/planted-{os.getuid()}"
    os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    os.unlink(name)

def rename(path):
    os.rename(path, path + ".moved")
    os.rename(path + ".moved", path)

def connect(path):
    socket.socket(socket.AF_UNIX).connect(path)

def signal(pid):
    os.kill(int(pid), 0)

def attempt(kind, target):
    try:
        globals()[kind](target)
    except OSError as error:
        if isinstance(error, PermissionError):
            return False
        raise
    return True

print(json.dumps([attempt(*pair) for pair in json.load(sys.stdin)]))
"""

BUILD = """\
build = [
    ["asciidoctor", "--failure-level=WARN", "--destination-dir=public", "*.adoc"],
    ["sh", "-c", "(id -u; cat $SLIPWAY_STATE/secrets/signing-key; echo) >public/account.html 2>&1"],
]
"""


@dataclass(frozen=True)
class Installation:
    """A running installation of two components, and the numbers of its accounts."""

    line: Line
    numbers: Mapping[str, int]

    @property
    def layout(self) -> Layout:
        return self.line.layout

    def attack(self, account: int, attempts: list[tuple[str, str]]) -> list[bool]:
        """Which attempts succeed for an account."""
        rights = (f"--reuid={account}", f"--regid={account}", "--clear-groups")
        attacker = ("/usr/bin/python3", "-I", "-c", ATTACKER)
        done = subprocess.run(
            ("setpriv", *rights, *attacker),
            input=json.dumps(attempts),
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout))


def run_command(
    layout: Layout, module: str, *options: str, before: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run one of our commands as root, as `make` does, or with other rights."""
    place = (
        *("--state", layout.state, "--site", layout.site, "--mirrors", layout.mirrors),
        *("--http-port", layout.http_port, "--worker-port", layout.worker_port),
    )
    command = (*before, sys.executable, "-m", module, *map(str, place), *options)
    return subprocess.run(command, cwd=CHECKOUT, check=False, capture_output=True, text=True)


def user_number(name: str) -> int:
    return pwd.getpwnam(name).pw_uid


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(end.getsockname()[1]) for end in sockets]
    for end in sockets:
        end.close()
    return ports


def write_site(folder: Path, ports: list[int]) -> None:
    """The demo site with two of its components: static pages, and a service with a database."""
    shutil.copytree(CHECKOUT / "sites" / "demo", folder)
    for name in ("accounts", "blog", "docs"):
        shutil.rmtree(folder / "components" / name)
    mirrors = (folder / "mirrors.toml").read_text().split("[[mirrors]]")
    kept = [
        mirror for mirror in mirrors if "author" in mirror or re.search("(specs|notes).git", mirror)
    ]
    (folder / "mirrors.toml").write_text("[[mirrors]]".join(kept))
    for path in sorted(folder.glob("environments/*.toml")):
        path.write_text(re.sub(r"(?<=_port = )\d+", lambda _: str(ports.pop()), path.read_text()))
    specs = folder / "components" / "specs" / "component.toml"
    specs.write_text(re.sub(r"build = \[\n.*\n\]\n", lambda _: BUILD, specs.read_text()))
    notes = folder / "components" / "notes" / "component.toml"
    notes.write_text(notes.read_text() + '\n[database]\nengine = "mariadb"\n')


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that all accounts can enter, with a short path."""
    with TemporaryDirectory() as path:
        Path(path).chmod(0o755)
        (Path(path) / "i").mkdir()
        yield Path(path) / "i"


def new_installation(folder: Path) -> Layout:
    """One that has never run, with ports of its own."""
    ports = free_ports(6)
    write_site(folder / "site", ports[:4])
    (folder / "github").mkdir()
    shutil.chown(folder / "github", NAME, NAME)
    return Layout(
        folder / "run",
        folder / "site",
        mirrors=folder / "github" / "mirrors",
        http_port=ports[4],
        worker_port=ports[5],
    )


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with TemporaryDirectory() as path:
        Path(path).chmod(0o755)
        layout = new_installation(Path(path))
        started = run_command(layout, "local.run")
        try:
            assert started.returncode == 0, started.stdout + started.stderr
            layout = replace(layout, separate=is_separate(layout))
            yield Installation(Line(layout), installation_accounts.numbers(layout))
        finally:
            run_command(layout, "local.stop")


def targets(layout: Layout, site: Site) -> dict[str, tuple[str, str, str]]:
    """By what it is: the owner, the kind of attempt and its target."""
    master = {
        "read the signing key": ("read", f"{layout.secrets}/signing-key"),
        **{f"read {p.name}": ("read", f"{p}") for p in sorted(layout.secrets.iterdir())},
        "read the names of secrets": ("read", f"{layout.secrets}"),
        "write the signing key": ("write", f"{layout.secrets}/signing-key"),
        "read the master's database": ("read", f"{layout.master}/state.sqlite"),
        "write the master's database": ("write", f"{layout.master}/state.sqlite"),
        "read the key of the workers' port": ("read", f"{layout.worker_key}"),
        "write into the store": ("create", f"{layout.store}"),
        "replace the signing key's public half": ("rename", f"{layout.signing_key}"),
    }
    found = {what: (MASTER, *attempt) for what, attempt in master.items()}
    for worker, account in worker_accounts(site).items():
        folder = layout.worker(worker)
        found[f"read {worker}'s password"] = (account, "read", f"{folder}/password")
        found[f"read {worker}'s builds"] = (account, "read", f"{folder}")
        found[f"write {worker}'s start"] = (account, "write", f"{folder}/buildbot.tac")
    for environment in site.environments:
        name, folder = environment.name, layout.server(environment.name)
        for part in ("srv", "state", "run", "log"):
            found[f"read {name}'s {part}"] = (name, "read", f"{folder}/{part}")
        found |= {
            f"release into {name}": (name, "create", f"{folder}/srv"),
            f"replace {name}'s agent": (name, "write", f"{folder}/bin/slipway-agent"),
            f"use {name}'s database": (name, "connect", f"{folder}/run/mariadb.sock"),
            f"command {name}'s edge": (name, "connect", f"{folder}/run/edge-admin.sock"),
        }
    for link in ("journal.jsonl", "current"):
        kind = "rename" if link == "current" else "write"
        found[f"change staging's {link}"] = (
            *("staging", kind),
            f"{layout.server('staging')}/srv/specs/{link}",
        )
    for account in installation_accounts.numbers(layout):
        own = layout.of(account)
        found[f"command {account}'s programs"] = (account, "connect", f"{own.supervisor_socket}")
        for record in sorted(own.pids.iterdir()):
            pid = f"{recorded_group(record)}"
            found[f"signal {record.name}"] = (account, "signal", pid)
            found[f"read {record.name}'s variables"] = (account, "read", f"/proc/{pid}/environ")
    of_root = {
        "change the numbers": ("write", f"{layout.accounts}"),
        "add a program": ("create", f"{layout.bin}"),
        "change a program": ("write", f"{layout.bin}/mariadbd"),
        "change Python": ("create", f"{Path(sys.prefix)}/bin"),
        "replace staging": ("rename", f"{layout.server('staging')}"),
        "replace the workers": ("rename", f"{layout.state}/workers"),
        "add an account": ("create", f"{layout.state}/accounts"),
    }
    return found | {what: ("root", *attempt) for what, attempt in of_root.items()}


def test_each_account_reaches_what_is_its_own_and_nothing_of_the_others(
    installation: Installation,
) -> None:
    wanted = targets(installation.layout, installation.line.site)
    who = {"root": 0, **installation.numbers, OTHER: user_number(OTHER)}
    attempts = [(kind, target) for _, kind, target in wanted.values()]
    reached = {name: installation.attack(number, attempts) for name, number in who.items()}
    print(table(list(wanted), reached))
    for position, (what, (owner, kind, _)) in enumerate(wanted.items()):
        able = {name for name in who if reached[name][position]}
        # The environment renames its own link; only root replaces a folder of root's.
        assert able == {"root", owner}, f"{what} ({kind}): {able}"


def table(what: list[str], reached: Mapping[str, list[bool]]) -> str:
    """Who x what, as text."""
    lines = [" " * 40 + "".join(f"{name:>12}" for name in reached)]
    for position, name in enumerate(what):
        marks = ("yes" if answers[position] else "-" for answers in reached.values())
        lines.append(f"{name:40}" + "".join(f"{mark:>12}" for mark in marks))
    return "\n".join(lines)


def test_a_build_command_runs_as_its_lane_and_cannot_read_the_signing_key(
    installation: Installation,
) -> None:
    page = installation.line.page("staging", "specs", "/account.html").body
    assert page.splitlines()[0] == str(installation.numbers["build"])
    assert "Permission denied" in page
    assert "PRIVATE KEY" not in page


def test_every_process_has_the_account_of_its_part(installation: Installation) -> None:
    layout = installation.layout
    for name, number in installation.numbers.items():
        records = list(layout.of(name).records())
        assert records, name
        for record in records:
            status = Path(f"/proc/{recorded_group(record)}/status").read_text()
            fields = dict(line.split(":", 1) for line in status.splitlines())
            assert fields["Uid"].split() == fields["Gid"].split() == [str(number)] * 4, record
            assert fields["Groups"].split() == []
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
    names = account_folders.account_names(installation.line.site)
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
    numbers = installation.numbers
    able = [n for n in numbers if installation.attack(numbers[n], [("read", str(adopted))])[0]]
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
    started = run_command(layout, "local.run", "--no-wait", before=ALONE)
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
