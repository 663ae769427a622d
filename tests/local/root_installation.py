"""A running installation that root started, with attackers among its components."""

import json
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from local import account_names, installation_accounts
from local.as_account import run_apart
from local.bootstrap import folders
from local.bootstrap.service_user import NAME
from local.layout import CHECKOUT, Layout, is_separate
from local.mirrors.mirror_builder import make_mirrors
from tests.local import attackers
from tests.whole.line import Line

ALONE = ("setpriv", f"--reuid={NAME}", f"--regid={NAME}", "--clear-groups")
"""As the account that an installation has if nobody but an ordinary user starts it."""


@dataclass(frozen=True)
class Installation:
    """A running installation, and the numbers of its accounts and groups."""

    line: Line
    numbers: Mapping[str, int]

    @property
    def layout(self) -> Layout:
        return self.line.layout

    @property
    def accounts(self) -> list[str]:
        return account_names.only_accounts(self.numbers)

    def prefix(self, account: str) -> tuple[str, ...]:
        """What runs a command with an account; root and strangers have none here."""
        if account not in self.numbers:
            number = pwd.getpwnam(account).pw_uid
            return ("setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups")
        number = self.numbers[account]
        groups = ",".join(map(str, account_names.groups(account, self.numbers)))
        member = f"--groups={groups}" if groups else "--clear-groups"
        return ("setpriv", f"--reuid={number}", f"--regid={number}", member)

    def as_account(self, account: str, *command: str | Path) -> None:
        subprocess.run((*self.prefix(account), *command), check=True, cwd="/")

    def attack(self, account: str, attempts: list[tuple[str, str]]) -> list[bool | str]:
        """Which attempts succeed for an account; a text for what is not there."""
        done = subprocess.run(
            (*self.prefix(account), "/usr/bin/python3", "-I", "-c", attackers.SCRIPT),
            input=json.dumps(attempts),
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout.removeprefix("ATTACKED ")))


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
    """The demo site with one of its components, the static pages, and with the attackers."""
    shutil.copytree(CHECKOUT / "sites" / "demo", folder)
    for name in ("accounts", "blog", "docs", "notes"):
        shutil.rmtree(folder / "components" / name)
    mirrors = (folder / "mirrors.toml").read_text().split("[[mirrors]]")
    kept = [mirror for mirror in mirrors if "author" in mirror or "specs.git" in mirror]
    (folder / "mirrors.toml").write_text("[[mirrors]]".join(kept))
    for path in sorted(folder.glob("environments/*.toml")):
        path.write_text(re.sub(r"(?<=_port = )\d+", lambda _: str(ports.pop()), path.read_text()))
    attackers.write(folder / "components", folder.parent)


def new_installation(folder: Path) -> Layout:
    """One that has never run, with ports of its own; its repository has a release tag."""
    ports = free_ports(6)
    write_site(folder / "site", ports[:4])
    (folder / "github").mkdir()
    shutil.chown(folder / "github", NAME, NAME)
    layout = Layout(
        folder / "run",
        folder / "site",
        mirrors=folder / "github" / "mirrors",
        http_port=ports[4],
        worker_port=ports[5],
    )

    def make() -> None:
        tempfile.tempdir = str(folder / "github")  # root's own is closed to others
        make_mirrors(layout.site, layout.mirrors, layout.cache, lambda _: None)

    run_apart(partial(folders.drop_rights, user_number(NAME), user_number(NAME)), make)
    mirror = layout.mirrors / "github.com" / "slipway-demo" / "specs.git"
    subprocess.run((*ALONE, "git", "-C", mirror, "tag", attackers.RELEASE, "main"), check=True)
    return layout


@contextmanager
def running_installation() -> Iterator[Installation]:
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
