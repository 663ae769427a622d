"""Local mirrors: reproducible, idempotent, renewed by Debian, changed on request."""

import os
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from local.mirrors.git_commands import MirrorError
from local.mirrors.git_config import git_config, mirror_folder, remote_git_config
from local.mirrors.mirror_builder import make_mirrors, upstream_version
from local.mirrors.visible_change import commit_visible_change
from model.component import Component
from model.mirrors import Mirrors
from model.reading import InvalidSite, read
from servers import debian_releases

APP = "https://git.example/acme/app.git"
THEME = "https://git.example/acme/theme.git"
DESCRIBED = f"""
author = "Somebody <somebody@example.invalid>"
date = 2014-10-08T09:00:00Z

[[mirrors]]
repository = "{APP}"
branch = "release"
package = "app"
needs = ["lib"]
folder = "usr/share/app"
drop = ["config.php", "debian"]
tagged = true

[[mirrors]]
repository = "{THEME}"
branch = "main"
files = "mirrors/theme"

[mirrors.change]
file = "edition.txt"
find = 'Edition \\d+'
write = "Edition {{number}}"
shows = "No. {{number}}"
"""
APT_CACHE = """#!/bin/sh
shift
for package; do
    for deb in "$DEBS/$package"_*.deb; do
        test -e "$deb" || continue
        printf '%s:\\n  Installed: (none)\\n  Candidate: ' "$package"
        dpkg-deb --field "$deb" Version
        printf '  Version table:\\n     1 500\\n        500 file:/x y/main Packages\\n'
    done
done
"""
APT_GET = """#!/bin/sh
for last; do :; done
case " $* " in
*" indextargets "*) echo "Debian [keys] http://mirror.example/debian trixie-updates main"; exit ;;
*" update "*) exit ;;
esac
test -e "$DEBS/offline" && { echo "E: Failed to fetch: Could not connect" >&2; exit 100; }
echo "$last" >> "$DEBS/downloaded"
cp "$DEBS/${last%%=*}"_*.deb .
"""


def deb(debs: Path, package: str, version: str, files: dict[str, str]) -> None:
    """Build a package the way apt names it, in place of any other version."""
    for old in debs.glob(f"{package}_*.deb"):
        old.unlink()
    tree = debs / f"{package}.tree"
    for path, content in files.items():
        file = tree / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if content.startswith("-> "):
            file.unlink(missing_ok=True)
            file.symlink_to(content.removeprefix("-> "))
        else:
            file.write_text(content, "utf-8")
            os.utime(file, (1_400_000_000, 1_400_000_000))
            file.chmod(0o755 if content.startswith("#!") else 0o644)
    control = tree / "DEBIAN" / "control"
    control.parent.mkdir(exist_ok=True)
    control.write_text(
        f"Package: {package}\nVersion: {version}\nArchitecture: all\n"
        "Maintainer: Nobody <nobody@example.invalid>\nDescription: none\n"
    )
    for folder in (tree, *(path for path in tree.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    target = debs / f"{package}_{quote(version, safe='+~').lower()}_all.deb"
    command = ("dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(target))
    subprocess.run(command, check=True, capture_output=True)


def release(debs: Path, version: str, text: str = "<?php // one\n") -> None:
    deb(
        debs,
        "app",
        version,
        {
            "usr/share/app/index.php": text,
            "usr/share/app/config.php": "-> /etc/app/config.php",
            "usr/share/app/debian/logo.txt": "a swirl",
            "usr/share/app/js": "-> /var/lib/app/js",
            "usr/share/app/run.sh": "#!/bin/sh\n",
            "usr/share/app/self": "-> .",
            "usr/share/app/größe \"1\".txt": "a strange name\n",
            "var/lib/app/js/lib.js": "-> ../../../../usr/share/lib/lib.js",
            "var/lib/app/js/gone.js": "-> /nowhere/gone.js",
        },
    )  # fmt: skip


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    debs, programs, folder = tmp_path / "debs", tmp_path / "bin", tmp_path / "site"
    for path in (debs, programs, folder / "mirrors" / "theme"):
        path.mkdir(parents=True)
    for name, script in (("apt-cache", APT_CACHE), ("apt-get", APT_GET)):
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("DEBS", str(debs))
    (folder / "mirrors.toml").write_text(DESCRIBED)
    (folder / "mirrors" / "theme" / "edition.txt").write_text("Edition 1\n")
    deb(debs, "lib", "2.0", {"usr/share/lib/lib.js": "// lib\n"})
    release(debs, "1:1.9.3+dfsg1-1+deb12u2")
    return folder


@pytest.fixture
def theme() -> Component:
    return Component.model_validate(
        {
            "name": "blog",
            "title": "Blog",
            "runtime": "php",
            "host": "blog",
            "upstream": {"repository": APP, "release": "1.*"},
            "overlays": [{"repository": THEME, "branch": "main", "into": "theme"}],
        }
    )


def build(site: Path, mirrors: str = "mirrors", cache: str = "cache") -> tuple[Path, list[str]]:
    lines: list[str] = []
    make_mirrors(site, site.parent / mirrors, site.parent / cache, lines.append)
    return site.parent / mirrors, sorted(lines)


def git(repository: str, mirrors: Path, *arguments: str) -> str:
    command = ("git", "-C", str(mirror_folder(repository, mirrors)), *arguments)
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def references(mirrors: Path) -> str:
    listing = [git(repository, mirrors, "for-each-ref") for repository in (APP, THEME)]
    return "\n".join(listing)


@contextmanager
def mask(value: int) -> Iterator[None]:
    before = os.umask(value)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize(
    ("version", "upstream"),
    [
        ("1:1.39.17-1+deb12u2", "1.39.17"),
        ("6.1.9+dfsg1-0+deb12u1", "6.1.9"),
        ("1.2.5~git20220922.60bda8c-2", "1.2.5"),
        ("5", "5"),
    ],
)
def test_the_upstream_version_is_cut_from_debians(version: str, upstream: str) -> None:
    assert upstream_version(version) == upstream


def test_a_package_becomes_a_tagged_release_without_what_debian_added(site: Path) -> None:
    mirrors, lines = build(site)
    assert lines == [f"{APP}: made, 1:1.9.3+dfsg1-1+deb12u2", f"{THEME}: made, branch main"]
    assert git(APP, mirrors, "ls-tree", "-r", "-z", "--name-only", "1.9.3").split("\0") == [
        'größe "1".txt',
        "index.php",
        "js/lib.js",
        "run.sh",
        "",
    ]
    assert git(APP, mirrors, "show", "1.9.3:js/lib.js") == "// lib"
    assert git(APP, mirrors, "cat-file", "-t", "1.9.3") == "tag"
    assert git(APP, mirrors, "symbolic-ref", "HEAD") == "refs/heads/release"
    assert git(APP, mirrors, "log", "-1", "--format=%an <%ae> %ct") == (
        "Somebody <somebody@example.invalid> 1400000000"
    )


def test_modes_are_those_of_a_file_or_a_program(site: Path) -> None:
    (site / "mirrors/theme/edition.txt").chmod(0o600)
    mirrors, _ = build(site)
    listing = git(APP, mirrors, "ls-tree", "-r", "release") + git(THEME, mirrors, "ls-tree", "main")
    assert {line.split()[0] for line in listing.splitlines()} == {"100644", "100755"}
    assert git(APP, mirrors, "ls-tree", "release", "run.sh").startswith("100755")


def test_commit_ids_do_not_depend_on_the_machine(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = build(site)
    monkeypatch.setenv("TZ", "Pacific/Apia")
    monkeypatch.setenv("LC_ALL", "tr_TR.UTF-8")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody else")
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    with mask(0o077):
        second, _ = build(site, "elsewhere", "other-cache")
    monkeypatch.delenv("GIT_DIR")
    assert references(first) == references(second)


def test_making_mirrors_again_changes_nothing_and_downloads_nothing(site: Path) -> None:
    mirrors, _ = build(site)
    before = references(mirrors), (site.parent / "debs/downloaded").read_text()
    mirrors, lines = build(site)
    assert lines == [f"{APP}: already there, 1:1.9.3+dfsg1-1+deb12u2", f"{THEME}: already there"]
    assert (references(mirrors), (site.parent / "debs/downloaded").read_text()) == before


def test_mirrors_are_made_offline_from_the_cache(site: Path) -> None:
    build(site)
    (site.parent / "debs/offline").touch()
    _, lines = build(site, "elsewhere")
    assert lines[0] == f"{APP}: made, 1:1.9.3+dfsg1-1+deb12u2"


def test_mirrors_that_are_there_need_no_package_list(site: Path) -> None:
    build(site)
    for package in (site.parent / "debs").glob("*.deb"):
        package.unlink()
    assert build(site)[1][0] == f"{APP}: already there, 1:1.9.3+dfsg1-1+deb12u2"


def test_a_newer_version_adds_a_commit_and_a_tag(site: Path) -> None:
    mirrors, _ = build(site)
    first = git(APP, mirrors, "rev-parse", "1.9.3^{commit}")
    release(site.parent / "debs", "1:1.9.10-1", "<?php // two\n")
    _, lines = build(site)
    assert lines[0] == f"{APP}: renewed, 1:1.9.3+dfsg1-1+deb12u2 -> 1:1.9.10-1"
    assert git(APP, mirrors, "tag", "--list").split() == ["1.9.10", "1.9.3"]
    assert git(APP, mirrors, "rev-parse", "1.9.10^") == first
    assert git(APP, mirrors, "rev-parse", "release") == git(APP, mirrors, "rev-parse", "1.9.10^{}")
    assert git(APP, mirrors, "show", "1.9.10:index.php") == "<?php // two"


def test_a_newer_package_of_the_same_release_leaves_its_tag_alone(site: Path) -> None:
    mirrors, _ = build(site)
    tagged = git(APP, mirrors, "rev-parse", "1.9.3")
    release(site.parent / "debs", "1:1.9.3+dfsg1-1+deb12u3", "<?php // repaired\n")
    build(site)
    assert git(APP, mirrors, "rev-parse", "1.9.3") == tagged
    assert git(APP, mirrors, "show", "release:index.php") == "<?php // repaired"


def test_an_older_version_is_not_taken(site: Path) -> None:
    mirrors, _ = build(site)
    before = references(mirrors)
    release(site.parent / "debs", "1:1.9.2-1")
    build(site)
    assert references(mirrors) == before


def test_what_a_killed_run_left_behind_is_in_nobodys_way(site: Path) -> None:
    left = mirror_folder(APP, site.parent / "mirrors").with_name(".app.git.new")
    left.mkdir(parents=True)
    (left / "HEAD").write_text("half a repos")
    mirrors, _ = build(site)
    assert [path.name for path in mirror_folder(APP, mirrors).parent.iterdir()] != []
    assert not left.exists()
    assert git(APP, mirrors, "fsck", "--strict", "--no-dangling") == ""


def test_a_change_is_one_commit_on_the_branch_that_the_component_follows(
    site: Path, theme: Component
) -> None:
    mirrors, _ = build(site)
    before = git(THEME, mirrors, "rev-parse", "main")
    message = commit_visible_change(site, theme, mirrors)
    short = git(THEME, mirrors, "rev-parse", "--short", "main")
    assert message == (
        f"committed {short} to branch main of {THEME} (edition.txt): "
        "look for 'No. 2' on the pages of blog"
    )
    assert git(THEME, mirrors, "show", "main:edition.txt") == "Edition 2"
    assert git(THEME, mirrors, "rev-parse", "main^") == before


def test_each_change_shows_another_text(site: Path, theme: Component) -> None:
    mirrors, _ = build(site)
    messages = [commit_visible_change(site, theme, mirrors) for _ in range(3)]
    assert ["'No. 2'" in messages[0], "'No. 3'" in messages[1], "'No. 4'" in messages[2]] == [
        True
    ] * 3


def test_a_change_survives_making_mirrors_again(site: Path, theme: Component) -> None:
    mirrors, _ = build(site)
    commit_visible_change(site, theme, mirrors)
    build(site)
    assert git(THEME, mirrors, "show", "main:edition.txt") == "Edition 2"


def test_git_reaches_the_mirrors_under_the_real_addresses(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirrors, _ = build(site, 'mirrors "of" mine')
    (tmp_path / "gitconfig").write_text(git_config(mirrors))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    command = ("git", "ls-remote", APP, "refs/tags/1.9.3^{}")
    seen = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert seen.split()[0] == git(APP, mirrors, "rev-parse", "1.9.3^{}")


def test_another_machine_finds_the_mirrors_at_a_url(site: Path) -> None:
    mirrors, _ = build(site)
    config = remote_git_config(mirrors, "git://192.0.2.1:8012/")
    assert f'[url "git://192.0.2.1:8012/git.example/acme/app.git"]\n\tinsteadOf = "{APP}"' in config
    assert str(mirrors) not in config


def test_what_has_no_mirror_is_asked_for_where_it_is(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirrors, _ = build(site)
    (tmp_path / "gitconfig").write_text(git_config(mirrors))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    command = ("git", "ls-remote", "https://nowhere.invalid/lost.git")
    errors = subprocess.run(command, check=False, capture_output=True, text=True).stderr
    assert "Could not resolve host: nowhere.invalid" in errors


def test_no_network_is_one_line_with_repository_and_command(site: Path) -> None:
    (site.parent / "debs/offline").touch()
    with pytest.raises(MirrorError) as failure:
        build(site)
    assert str(failure.value).startswith(f"{APP}: apt-get ")
    assert str(failure.value).endswith("E: Failed to fetch: Could not connect")
    assert not mirror_folder(APP, site.parent / "mirrors").exists()


def test_no_package_list_says_what_to_do(site: Path) -> None:
    for package in (site.parent / "debs").glob("*.deb"):
        package.unlink()
    expected = f"{APP}: apt-cache policy app: unknown package; try apt-get update"
    with pytest.raises(MirrorError, match=expected):
        build(site)


def test_a_broken_package_leaves_no_half_mirror(site: Path) -> None:
    archive = next((site.parent / "debs").glob("app_*.deb"))
    whole = archive.read_bytes()
    cache = site.parent / "cache"
    cache.mkdir()
    (cache / archive.name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MirrorError, match=rf"{APP}: dpkg-deb --fsys-tarfile"):
        build(site)
    assert list(mirror_folder(APP, site.parent / "mirrors").parent.glob("*app*")) == []


def test_a_folder_that_the_package_lacks_is_named(site: Path) -> None:
    described = (site / "mirrors.toml").read_text().replace("usr/share/app", "usr/share/other")
    (site / "mirrors.toml").write_text(described)
    with pytest.raises(MirrorError, match=f"{APP}: read usr/share/other: no file there"):
        build(site)


def test_a_place_that_cannot_be_written_is_named(site: Path) -> None:
    (site.parent / "mirrors").write_text("in the way")
    with pytest.raises(MirrorError, match=r"(?s)write .*mirrors/git\.example.*Not a directory"):
        build(site)


def test_a_change_that_finds_no_place_is_refused(site: Path, theme: Component) -> None:
    (site / "mirrors/theme/edition.txt").write_text("Edition one\n")
    mirrors, _ = build(site)
    with pytest.raises(MirrorError, match=r"edition\.txt has 0 such places, not one"):
        commit_visible_change(site, theme, mirrors)


def test_a_component_without_a_change_is_named(site: Path, theme: Component) -> None:
    mirrors, _ = build(site)
    plain = theme.model_copy(update={"overlays": ()})
    with pytest.raises(MirrorError, match=r"blog: change: mirrors\.toml describes no change"):
        commit_visible_change(site, plain, mirrors)


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ('package = "app"\n', "", "key 'mirrors.0': give exactly one of 'package' and 'files'"),
        ('folder = "usr/share/app"\n', "", "key 'mirrors.0': 'package' and 'folder' go together"),
        (THEME, APP, f"mirrored twice: {APP}"),
        ("T09:00:00Z", "T09:00:00", "'date' needs a time zone, such as 2014-10-08T00:00:00Z"),
        ("tagged = true", "taged = true", "unknown key 'mirrors.0.taged' (did you mean 'tagged'?)"),
    ],
)
def test_mistakes_in_the_description_are_named(
    site: Path, old: str, new: str, mistake: str
) -> None:
    path = site / "mirrors.toml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(InvalidSite) as invalid:
        read(path, Mirrors)
    assert mistake in str(invalid.value)


def test_mirrors_are_readable_for_the_services_that_fetch_from_them(site: Path) -> None:
    with mask(0o022):
        mirrors, _ = build(site)
    assert stat.S_IMODE(mirror_folder(APP, mirrors).stat().st_mode) == 0o755


@pytest.fixture
def on_debian_13(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian_releases, "OS_RELEASE", tmp_path / "os-release")
    (tmp_path / "os-release").write_text("VERSION_CODENAME=trixie\n")


@pytest.mark.usefixtures("on_debian_13")
def test_packages_of_another_debian_release_are_found_at_the_same_mirror(site: Path) -> None:
    (site / "mirrors.toml").write_text(f'debian = "bookworm"\n{DESCRIBED}')
    mirrors, _ = build(site)
    assert git(APP, mirrors, "tag", "--list") == "1.9.3"
    sources = site.parent / "cache" / "apt-bookworm" / "sources.list"
    assert sources.read_text() == "deb [keys] http://mirror.example/debian bookworm-updates main\n"


@pytest.mark.usefixtures("on_debian_13")
def test_a_release_of_debian_that_is_not_known_is_refused_with_the_known_ones(site: Path) -> None:
    (site / "mirrors.toml").write_text(f'debian = "buzz"\n{DESCRIBED}')
    with pytest.raises(MirrorError, match="key 'debian': allowed are bookworm, trixie"):
        build(site)
