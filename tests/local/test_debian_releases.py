"""Mirrors of two Debian releases on a machine of one, by the machine's own apt."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local import start_steps
from local.layout import Layout
from local.mirrors import other_release, release_packages
from local.mirrors.git_commands import MirrorError
from local.mirrors.git_config import mirror_folder
from local.mirrors.mirror_builder import make_mirrors
from local.start_steps import Startup
from model.site import read_site
from tests.local.debian_server import (
    DebianServer,
    SigningKey,
    debian_server,
    signing_key,
)
from tests.local.test_mirrors import APP, built_package, git
from tests.test_demo_site import FOLDER

DESCRIBED = f"""
author = "Somebody <somebody@example.invalid>"
date = 2014-10-08T09:00:00Z

[[mirrors]]
repository = "{APP}"
package = "app"
folder = "usr/share/app"
tagged = true

[mirrors.branches]
bookworm = "1.9-branch"
trixie = "2.0-branch"
"""
A_DAY = 24 * 60 * 60 + 1
Made = tuple[Path, list[str], list[str]]
"""The folder of mirrors, a line for each, and what is missing."""


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SigningKey]:
    with signing_key(tmp_path_factory.mktemp("key") / "gpg") as key:
        yield key


@pytest.fixture
def server(
    tmp_path: Path, key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DebianServer]:
    monkeypatch.setattr(other_release, "KEYRING", key.keyring)
    tmp_path.chmod(0o755)  # apt's own account reads lists there
    (tmp_path / "server/debian").mkdir(parents=True)
    with debian_server(tmp_path / "server", key) as server:
        server.publish("bookworm", app(tmp_path, "1.9.3-1"))
        server.publish("trixie", app(tmp_path, "2.0.1-1"))
        yield server


def app(folder: Path, version: str) -> Path:
    files = {"usr/share/app/index.php": f"<?php // {version}\n"}
    return built_package(folder, "app", version, files)


@pytest.fixture
def on(
    server: DebianServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """Be on a machine of a release from now on."""

    def become(release: str) -> None:
        configuration = server.machine(tmp_path / f"machine-{release}", release)
        monkeypatch.setenv("APT_CONFIG", str(configuration))
        monkeypatch.setattr(release_packages, "machine_release", lambda: release)

    return become


def build(tmp_path: Path, name: str = "one") -> Made:
    folder, lines = tmp_path / name, list[str]()
    site = described_site(folder / "site")
    missing = make_mirrors(site, folder / "mirrors", folder / "cache", lines.append)
    return folder / "mirrors", lines, missing


def described_site(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mirrors.toml").write_text(DESCRIBED)
    return folder


def test_both_releases_are_tags_and_the_older_is_the_parent_of_the_newer(
    tmp_path: Path, on: Callable[[str], None]
) -> None:
    on("bookworm")
    mirrors, lines, missing = build(tmp_path)
    assert lines == [f"{APP}: made, 1.9.3-1, made, 2.0.1-1"]
    assert missing == []
    assert git(APP, mirrors, "tag", "--list").split() == ["1.9.3", "2.0.1"]
    assert git(APP, mirrors, "rev-parse", "2.0.1^") == git(APP, mirrors, "rev-parse", "1.9.3^{}")
    assert git(APP, mirrors, "show", "2.0.1:index.php") == "<?php // 2.0.1-1"
    assert git(APP, mirrors, "symbolic-ref", "HEAD") == "refs/heads/2.0-branch"


def test_a_machine_of_the_newer_release_makes_the_same_commits(
    tmp_path: Path, on: Callable[[str], None]
) -> None:
    on("bookworm")
    older, *_ = build(tmp_path)
    on("trixie")
    newer, _, missing = build(tmp_path, "two")
    assert missing == []
    assert git(APP, newer, "for-each-ref") == git(APP, older, "for-each-ref")


def test_apt_of_the_machine_keeps_its_own_files(tmp_path: Path, on: Callable[[str], None]) -> None:
    on("bookworm")
    machine = tmp_path / "machine-bookworm"
    before = files(machine)
    build(tmp_path)
    assert {*files(machine)} - {*before} <= {"cache/pkgcache.bin", "cache/srcpkgcache.bin"}
    assert not [name for name in files(machine) if "trixie" in name]


def files(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


def test_security_updates_of_the_other_release_are_taken(
    tmp_path: Path, server: DebianServer, on: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.publish("bookworm-security", app(tmp_path, "1.9.2-1"))
    server.publish("trixie-security", app(tmp_path, "2.0.2-1"))
    on("bookworm")
    both = server.machine(tmp_path / "machine-both", "bookworm", "bookworm-security")
    monkeypatch.setenv("APT_CONFIG", str(both))
    mirrors, *_ = build(tmp_path)
    assert git(APP, mirrors, "tag", "--list").split() == ["1.9.3", "2.0.2"]


def test_a_newer_version_of_either_release_is_a_new_tag(
    tmp_path: Path, server: DebianServer, on: Callable[[str], None]
) -> None:
    on("bookworm")
    mirrors, *_ = build(tmp_path)
    before = git(APP, mirrors, "for-each-ref", "refs/tags")
    server.publish("bookworm", app(tmp_path, "1.9.4-1"))
    server.publish("trixie", app(tmp_path, "2.0.2-1"))
    shutil.rmtree(tmp_path / "machine-bookworm")
    on("bookworm")
    a_day_passes(tmp_path)
    _, lines, missing = build(tmp_path)
    assert lines == [f"{APP}: renewed, 1.9.3-1 -> 1.9.4-1, renewed, 2.0.1-1 -> 2.0.2-1"]
    assert missing == []
    assert git(APP, mirrors, "for-each-ref", "refs/tags/1.9.3", "refs/tags/2.0.1") == before
    assert git(APP, mirrors, "rev-parse", "1.9.4^") == git(APP, mirrors, "rev-parse", "1.9.3^{}")
    assert git(APP, mirrors, "rev-parse", "2.0.2^") == git(APP, mirrors, "rev-parse", "2.0.1^{}")
    assert git(APP, mirrors, "symbolic-ref", "HEAD") == "refs/heads/2.0-branch"


def a_day_passes(tmp_path: Path, name: str = "one") -> None:
    file = tmp_path / name / "cache/apt/trixie" / other_release.UPDATED
    then = file.stat().st_mtime - A_DAY
    os.utime(file, (then, then))


def test_a_package_that_the_server_replaced_is_found_at_the_next_start(
    tmp_path: Path, server: DebianServer, on: Callable[[str], None]
) -> None:
    on("bookworm")
    build(tmp_path)
    shutil.rmtree(tmp_path / "one" / "mirrors")
    for file in (tmp_path / "one" / "cache").glob("app_2*.deb"):
        file.unlink()
    shutil.rmtree(server.folder / "debian/pool")
    server.publish("trixie", app(tmp_path, "2.0.2-1"))
    _, _, missing = build(tmp_path)
    assert missing[0].startswith("Debian trixie: app cannot be mirrored: apt-get ")
    assert "404" in missing[0]
    _, lines, missing = build(tmp_path)
    assert lines == [f"{APP}: already there, 1.9.3-1, made, 2.0.2-1"]
    assert missing == []


def test_a_release_that_cannot_be_reached_is_named_and_comes_later(
    tmp_path: Path, server: DebianServer, on: Callable[[str], None]
) -> None:
    on("bookworm")
    lists = server.folder / "debian/dists"
    (lists / "trixie").rename(lists / "away")
    mirrors, lines, missing = build(tmp_path)
    assert lines == [f"{APP}: made, 1.9.3-1"]
    assert git(APP, mirrors, "symbolic-ref", "HEAD") == "refs/heads/1.9-branch"
    assert len(missing) == 1
    assert missing[0].startswith("Debian trixie: app cannot be mirrored: apt-get --config-file ")
    assert "run `make run` again when the server can be reached" in missing[0]
    (lists / "away").rename(lists / "trixie")
    late, lines, missing = build(tmp_path)
    assert lines == [f"{APP}: already there, 1.9.3-1, made, 2.0.1-1"]
    assert missing == []
    both, *_ = build(tmp_path, "two")
    assert git(APP, late, "for-each-ref") == git(APP, both, "for-each-ref")


def test_mirrors_that_are_there_need_no_server(
    tmp_path: Path, server: DebianServer, on: Callable[[str], None]
) -> None:
    on("bookworm")
    mirrors, *_ = build(tmp_path)
    before = git(APP, mirrors, "for-each-ref")
    shutil.rmtree(server.folder / "debian")
    assert build(tmp_path)[1:] == ([f"{APP}: already there, 1.9.3-1, already there, 2.0.1-1"], [])
    a_day_passes(tmp_path)
    _, _, missing = build(tmp_path)
    assert missing[0].startswith("Debian trixie: newer versions are unknown: apt-get ")
    assert git(APP, mirrors, "for-each-ref") == before


def test_lists_that_no_known_key_signed_are_refused_and_the_keyring_is_named(
    tmp_path: Path, on: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    on("bookworm")
    with signing_key(tmp_path / "gpg") as stranger:
        monkeypatch.setattr(other_release, "KEYRING", stranger.keyring)
        mirrors, _, missing = build(tmp_path)
    assert git(APP, mirrors, "tag", "--list") == "1.9.3"
    assert "not signed" in missing[0]
    assert missing[0].endswith(release_packages.NEW_KEYRING)


def test_a_machine_whose_apt_knows_no_server_of_debian_is_told(
    tmp_path: Path, server: DebianServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APT_CONFIG", str(server.machine(tmp_path / "machine")))
    monkeypatch.setattr(release_packages, "machine_release", lambda: "sid")
    with pytest.raises(MirrorError, match=r"no source of Debian sid .*; try apt-get update"):
        build(tmp_path)
    assert not mirror_folder(APP, tmp_path / "one" / "mirrors").exists()


def test_another_server_means_other_lists(
    tmp_path: Path, key: SigningKey, on: Callable[[str], None]
) -> None:
    on("bookworm")
    build(tmp_path)
    (tmp_path / "second/debian").mkdir(parents=True)
    with debian_server(tmp_path / "second", key) as second:
        second.publish("bookworm", app(tmp_path, "1.9.3-1"))
        second.publish("trixie", app(tmp_path, "2.0.3-1"))
        sources = tmp_path / "machine-bookworm/sources.list"
        shutil.rmtree(tmp_path / "machine-bookworm")
        second.machine(tmp_path / "machine-bookworm", "bookworm")
        assert str(second.port) in sources.read_text()
        _, lines, _ = build(tmp_path)
    assert lines == [f"{APP}: already there, 1.9.3-1, renewed, 2.0.1-1 -> 2.0.3-1"]


def test_make_run_prints_what_is_missing_and_goes_on(
    tmp_path: Path, server: DebianServer, on: Callable[[str], None]
) -> None:
    on("bookworm")
    shutil.rmtree(server.folder / "debian/dists/trixie")
    described_site(tmp_path / "site")
    layout = Layout(tmp_path / "run", tmp_path / "site", mirrors=tmp_path / "mirrors")
    text = start_steps.make_mirrors(Startup(read_site(FOLDER), layout, {}, ()))
    title, missing = text.splitlines()
    assert title == "Mirrors of the repositories"
    assert missing.startswith("    Debian trixie: app cannot be mirrored: apt-get ")
    assert "does not have a Release file" in missing
    assert git(APP, layout.mirrors, "tag", "--list") == "1.9.3"
