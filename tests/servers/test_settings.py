"""The settings that servers share, and the shell that creates their database."""

import subprocess
from pathlib import Path

import pytest

from agent import mariadb
from agent.server import Server
from local.layout import Layout
from local.services import environment_servers
from model.site import Site
from roles.managed_server import machine_settings
from servers.debian_releases import RELEASES, TRIXIE, of_this_machine
from servers.settings import database_script

OWN = {
    *("srv", "run", "state", "log", "public_key", "bind", "database", "authority"),
    *("supervisor", "accounts", "edge"),
}
"""Paths and accounts, in which a machine and a folder of this machine differ."""


def test_a_machine_and_a_folder_of_this_machine_differ_in_paths_and_accounts_only(
    demo: Site, tmp_path: Path
) -> None:
    for environment in demo.environments:
        machine = machine_settings(demo, environment, of_this_machine())
        local = environment_servers.server(demo, environment, Layout(tmp_path))
        assert machine.model_dump(exclude=OWN) == local.model_dump(exclude=OWN)
        assert machine.database
        assert machine.database.socket.relative_to(machine.run) == Path("mariadb.sock")
        assert set(machine.accounts) == {component.name for component in demo.components}


def test_only_an_internal_authority_is_named(demo: Site) -> None:
    public = demo.environments[0].model_copy(update={"tls": "acme"})
    assert machine_settings(demo, public, TRIXIE).authority is None


def test_a_machine_runs_the_php_of_its_own_release_of_debian(demo: Site) -> None:
    for release in RELEASES:
        machine = machine_settings(demo, demo.environments[0], release)
        assert machine.php_fpm == f"php-fpm{release.php}"


@pytest.fixture
def server(demo: Site, tmp_path: Path) -> Server:
    return environment_servers.server(demo, demo.environments[0], Layout(tmp_path))


def create(server: Server, programs: Path, install: str) -> int:
    """The exit code of the script, with a command in the place of mariadb-install-db."""
    assert server.database
    programs.mkdir(exist_ok=True)
    (programs / "mariadb-install-db").write_text(f"#!/bin/sh\n{install}\n")
    (programs / "mariadb-install-db").chmod(0o755)
    command = ("sh", "-c", database_script(server, server.database))
    return subprocess.run(
        command, env={"PATH": f"{programs}:/usr/bin:/bin"}, check=False
    ).returncode


FILL = """
for word; do
  case $word in --datadir=*) folder=${word#*=} ;; esac
done
mkdir "$folder" && touch "$folder/$$"
"""


def test_a_database_is_created_once_and_only_as_a_whole(server: Server, tmp_path: Path) -> None:
    folder = mariadb.folder(server)
    server.state.mkdir(parents=True)
    assert create(server, tmp_path / "bin", f"{FILL}exit 3") == 3
    assert not folder.exists()
    assert create(server, tmp_path / "bin", FILL) == 0
    (created,) = folder.iterdir()
    assert create(server, tmp_path / "bin", FILL) == 0
    assert list(folder.iterdir()) == [created]
