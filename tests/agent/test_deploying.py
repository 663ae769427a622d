"""Releases that go well, on a real server."""

import json
import os
import stat
from pathlib import Path
from threading import Event, Thread

import pytest

from agent import lock
from agent.pages import public_fetcher
from tests.agent import applications
from tests.agent.server_fixture import Release, World


def test_a_release_goes_live_and_says_so(world: World, blog: Release) -> None:
    page = world.page("blog")
    assert page.status == 200
    assert "blog one; notes first; salt pepper; https on" in page.body
    assert page.headers["x-slipway-release"] == blog.digest
    assert page.headers["strict-transport-security"] == "max-age=31536000"
    assert page.headers["x-robots-tag"] == "noindex, nofollow"
    assert world.page("blog", "/robots.txt").body == "User-agent: *\nDisallow: /\n"


def test_a_release_is_read_only_and_its_configuration_private(world: World, blog: Release) -> None:
    release = world.directory("blog").release(blog.digest)
    assert stat.S_IMODE((release / "config.php").stat().st_mode) == 0o400
    kept = world.directory("blog").shared / "database.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    with pytest.raises(PermissionError):
        (release / "index.php").write_text("changed")
    with pytest.raises(PermissionError):
        (release / "new").write_text("")


def test_plain_http_is_sent_to_https_on_the_right_port(world: World) -> None:
    url = world.environment.url(applications.BLOG)
    assert world.plain("blog", "/a?b=c") == (308, f"{url}a?b=c")


@pytest.mark.usefixtures("blog")
@pytest.mark.parametrize(
    "path",
    [
        "/config.php",
        "//config.php",
        "/%63onfig.php",
        "/config.php/more",
        "/.slipway/manifest.json",
        "/.slipway/templates/config.php.j2",
        "/.user.ini",
        "/.gitignore",
        "/secret/a/b.txt",
        "/content/uploads/run/index.php",
        "/content/uploads/run/",
        "/content/uploads/missing.png",
    ],
)
def test_what_is_hidden_is_not_found(path: str, world: World) -> None:
    page = world.page("blog", path)
    assert page.status == 404
    assert "ran" not in page.body


@pytest.mark.usefixtures("blog")
def test_uploads_are_served(world: World) -> None:
    assert world.page("blog", "/content/uploads/shipped.txt").body == "shipped"


def test_a_component_that_was_never_deployed_says_so(world: World) -> None:
    page = world.page("nothing")
    assert (page.status, page.body) == (503, "Nothing has been deployed here yet.\n")
    assert json.loads(world.call("status", "nothing").stdout) == {
        "current": None,
        "releases": [],
        "unfinished": False,
    }


def test_a_live_release_is_only_proved(world: World, blog: Release) -> None:
    assert world.prepare(blog).last == "already here, configured 1 templates, 0 changed"
    assert (
        world.on("migrate", blog).last == f"{blog.digest[:12]} is already live: nothing to migrate"
    )
    assert world.on("check", blog).last == "2 checks hold before the switch"
    assert world.on("switch", blog).last == f"already live, digest {blog.digest[:12]}"
    assert world.events("blog")[-1] == "proved"


def test_a_rotated_secret_reaches_the_live_release(world: World, blog: Release) -> None:
    done = world.prepare(blog, {"salt": "cinnamon"})
    assert done.last == "already here, configured 1 templates, 1 changed"
    assert "salt cinnamon" in world.page("blog").body
    assert world.prepare(blog).code == 0
    assert "salt pepper" in world.page("blog").body
    assert world.call("abandon", "blog").code == 0


def test_a_migration_and_the_way_back(world: World, blog: Release) -> None:
    page = "$notes[] = $database->query('SELECT COUNT(more) FROM notes')->fetch_row()[0];"
    migration = "$database->query('ALTER TABLE notes ADD IF NOT EXISTS more INT DEFAULT 7');"
    new = applications.blog(world, "migrated", page, migration)
    assert world.prepare(new).last == "unpacked 10 files, configured 1 templates"
    assert "; backup " in world.on("migrate", new).last
    assert world.on("check", new).code == 0
    assert "blog one" in world.page("blog").body
    assert world.on("switch", new).last.endswith(f"digest {new.digest[:12]}")
    assert "blog migrated; notes first,1" in world.page("blog").body
    status = json.loads(world.call("status", "blog").stdout)
    assert status["current"] == new.digest
    assert blog.digest in [release["digest"] for release in status["releases"]]
    assert world.on("switch", blog).last.startswith("live in 0.")
    assert "blog one; notes first;" in world.page("blog").body


def test_plain_files_prove_themselves_and_change_their_etag(world: World) -> None:
    tags = []
    versions = ("one", "two", "six")
    releases = [applications.specs(world, version) for version in versions]
    for release, version in zip(releases, versions, strict=True):
        done = world.deploy(release)
        assert done.last.startswith("live in "), done
        page = world.page("specs")
        assert page.body == f"specs {version}"
        tags.append(page.headers["etag"])
        assert world.page("specs", "/.well-known/slipway-release").body.strip() == release.digest
    assert len(set(tags)) == 3
    assert set(world.directory("specs").installed_digests()) == {
        release.digest for release in releases[1:]
    }
    assert world.on("switch", releases[0]).last.endswith("of specs is not on this server")
    assert world.page("specs", "/missing").status == 404
    assert world.page("specs", "/private.txt").status == 404


def test_a_deployment_waits_until_the_one_before_is_done(world: World) -> None:
    directory = world.directory("shop")
    directory.create()
    with lock.exclusive(directory.path / ".lock", "switch 0123"):
        process = world.start("prepare", applications.shop(world, "later"))
        assert process.stdout
        waiting = process.stdout.readline().decode()
        assert waiting == f"waiting until this is done: switch 0123, process {os.getpid()}\n"
    said, _ = process.communicate()
    assert (process.returncode, said) == (0, b"unpacked 3 files, configured 0 templates\n")
    assert world.call("abandon", "shop").code == 0


def test_no_request_fails_while_releases_change(world: World) -> None:
    releases = [applications.shop(world, version) for version in ("one", "two")]
    for release in releases:
        assert world.deploy(release).code == 0
    whole = {"200 'shop one one'", "200 'shop two two'"}
    stop, wrong, right = Event(), list[str](), list[str]()
    ask = public_fetcher(world.server, world.environment.url(applications.SHOP))

    def visit() -> None:
        while not stop.wait(0.02):
            try:
                came = str(ask("/"))
            except Exception as reason:
                came = repr(reason)
            (right if came in whole else wrong).append(came)

    visitors = [Thread(target=visit) for _ in range(2)]
    for visitor in visitors:
        visitor.start()
    try:
        for number in range(10):
            assert world.on("switch", releases[number % 2]).code == 0
    finally:
        stop.set()
        for visitor in visitors:
            visitor.join()
    assert wrong == []
    assert set(right) == whole


@pytest.mark.usefixtures("blog")
def test_the_files_of_a_deployment_are_gone_afterwards(world: World) -> None:
    directory = world.directory("blog")
    left = [
        *directory.releases.glob(".tmp-*"),
        *directory.backups.glob(".tmp-*"),
        directory.path / "next",
    ]
    assert [path for path in left if Path(path).is_symlink() or path.exists()] == []
