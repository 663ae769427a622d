"""Releases that go well, on a real server."""

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from threading import Event, Thread

import pytest

from agent import lock, pages
from agent.database import login_file
from agent.instance_tree import wait_for_another_second
from agent.pages import public_fetcher
from model.component import Component
from tests.agent import applications
from tests.agent.packaging import Release
from tests.agent.server_fixture import ServerFixture
from tests.agent.waiting import wait_until


def test_a_release_goes_live_and_says_so(php_server: ServerFixture, blog: Release) -> None:
    page = php_server.page("blog")
    assert page.status == 200
    assert "blog one; notes first; salt pepper; https on" in page.body
    assert page.headers["x-slipway-release"].partition("-")[0] == blog.digest
    assert page.headers["strict-transport-security"] == "max-age=31536000"
    assert page.headers["x-robots-tag"] == "noindex, nofollow"
    assert php_server.page("blog", "/robots.txt").body == "User-agent: *\nDisallow: /\n"


def test_a_release_is_read_only_and_its_configuration_private(
    php_server: ServerFixture, blog: Release
) -> None:
    release = php_server.tree(blog)
    assert stat.S_IMODE((release / "config.php").stat().st_mode) == 0o400
    login = login_file(php_server.directory("blog"), php_server.instance(blog))
    assert stat.S_IMODE(login.stat().st_mode) == 0o600
    with pytest.raises(PermissionError):
        (release / "index.php").write_text("changed")
    with pytest.raises(PermissionError):
        (release / "new").write_text("")


def test_files_stay_read_only_when_instances_with_links_to_them_are_gone(
    php_server: ServerFixture, blog: Release
) -> None:
    tree = php_server.tree(blog)
    new = applications.blog(php_server, "linked", migration=applications.COMMENT)
    for secrets in ({"salt": "a"}, {"salt": "b"}, {"salt": "c"}):
        assert php_server.prepare(new, secrets).code == 0
        assert php_server.rehearse(new, secrets).code == 0
        assert php_server.run_verb("switch", new).code == 0
        page = php_server.tree(new) / "index.php"
        assert stat.S_IMODE(page.stat().st_mode) & 0o222 == 0
    assert len(php_server.directory("blog").instances_of(new.digest)) == 2
    assert php_server.run_verb("switch", blog).code == 0
    assert [p for p in tree.rglob("*") if p.is_file() and p.stat().st_mode & 0o222] == []
    php_server.run_sql("DELETE FROM testing_blog.notes WHERE text = 'migrated'")


@pytest.mark.usefixtures("blog")
def test_the_edge_s_log_holds_no_token_of_a_visitor(php_server: ServerFixture) -> None:
    host = php_server.host("blog")
    marker = token_hex(8)
    path = (
        f"/?reset_key={marker}a&page=7&%5Ftoken={marker};{marker}b&token%5B%5D={marker}"
        f"&redirect_to=%2Fa%3Ftoken%3D{marker}#access_token={marker}c"
    )
    headers = {
        "Authorization": f"Bearer {marker}d",
        "Cookie": f"session={marker}e",
        "Referer": f"https://{host}/?TOKEN={marker}f&section=8",
        **dict.fromkeys(("X-Api-Key", "X-Auth-Token", "X-Csrf-Token", "X-Wp-Nonce"), marker),
        "User-Agent": f"agent-of-{marker}",
    }
    connection = php_server.open_connection("blog")
    assert pages.get_page(connection, host, path, headers).status == 200
    log = php_server.settings.edge_log / "access.log"
    wait_until(lambda: f"agent-of-{marker}" in log.read_text())
    (line,) = [line for line in log.read_text().splitlines() if f"agent-of-{marker}" in line]
    assert line.count(marker) == 1
    for kept in ("reset_key=REDACTED", "page=7", "TOKEN=REDACTED", "section=8"):
        assert kept in line


def test_plain_http_is_sent_to_https_on_the_right_port(php_server: ServerFixture) -> None:
    url = php_server.environment.url(applications.BLOG)
    assert php_server.get_plain_http("blog", "/a?b=c") == (308, f"{url}a?b=c")


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
def test_a_hidden_path_is_not_found(path: str, php_server: ServerFixture) -> None:
    page = php_server.page("blog", path)
    assert page.status == 404
    assert "ran" not in page.body


@pytest.mark.usefixtures("blog")
def test_uploads_are_served(php_server: ServerFixture) -> None:
    assert php_server.page("blog", "/content/uploads/shipped.txt").body == "shipped"


def test_a_component_that_was_never_deployed_says_so(php_server: ServerFixture) -> None:
    page = php_server.page("nothing")
    assert (page.status, page.body) == (503, "Nothing has been deployed here yet.\n")
    assert json.loads(php_server.run_agent("status", "nothing").stdout) == {
        "current": None,
        "releases": [],
        "unfinished": False,
    }


def test_a_live_release_is_only_verified(php_server: ServerFixture, blog: Release) -> None:
    assert php_server.prepare(blog).last_line == "already here, with the same configuration"
    assert (
        php_server.run_verb("rehearse", blog).last_line
        == f"{blog.digest[:12]} is already live: nothing to rehearse"
    )
    assert (
        php_server.run_verb("switch", blog).last_line == f"already live, digest {blog.digest[:12]}"
    )
    assert php_server.events("blog")[-1] == "proved"


def test_a_rotated_secret_reaches_the_live_release(
    php_server: ServerFixture, blog: Release
) -> None:
    secrets = {"salt": "cinnamon"}
    before = php_server.instance(blog)
    result = php_server.prepare(blog, secrets)
    assert result.last_line == "already live; new configuration: config.php"
    assert 'properties: {"configured": "config.php"}' in result.stdout
    assert php_server.rehearse(blog, secrets).code == 0
    assert "salt pepper" in php_server.page("blog").body
    assert php_server.run_verb("switch", blog).last_line.startswith("live in ")
    assert "salt cinnamon" in php_server.page("blog").body
    back = php_server.run_agent(
        "switch", "blog", blog.digest, "--configuration", before.configuration
    )
    assert back.last_line.startswith("live in ")
    assert "salt pepper" in php_server.page("blog").body


def test_a_migration_and_the_way_back(php_server: ServerFixture, blog: Release) -> None:
    page = "$notes[] = $database->query('SELECT COUNT(more) FROM notes')->fetch_row()[0];"
    migration = "$database->query('ALTER TABLE notes ADD IF NOT EXISTS more INT DEFAULT 7');"
    new = applications.blog(php_server, "migrated", page, migration)
    assert php_server.prepare(new).last_line == "unpacked and configured 10 files"
    rehearsal = php_server.run_verb("rehearse", new)
    assert rehearsal.last_line.startswith("the migration changes the definition of 1 table and ")
    assert "visitors only read meanwhile; 2 checks passed" in rehearsal.last_line
    assert "blog one; notes first;" in php_server.page("blog").body
    assert "; backup " in php_server.run_verb("switch", new).last_line
    assert "blog migrated; notes first,1" in php_server.page("blog").body
    status = json.loads(php_server.run_agent("status", "blog").stdout)
    assert status["current"] == new.digest
    assert blog.digest in [release["digest"] for release in status["releases"]]
    assert php_server.run_verb("switch", blog).last_line.startswith("live in 0.")
    assert "blog one; notes first;" in php_server.page("blog").body


def test_plain_files_pass_their_checks_and_change_their_etag(php_server: ServerFixture) -> None:
    """Their files have one size."""
    tags = []
    versions = ("one", "two", "six")
    releases = [applications.specs(php_server, version) for version in versions]
    for release, version in zip(releases, versions, strict=True):
        result = php_server.deploy(release)
        assert result.last_line.startswith("live in "), result
        page = php_server.page("specs")
        assert page.body == f"specs {version}"
        tags.append(page.headers["etag"])
        assert (
            php_server.page("specs", "/.well-known/slipway-release").body.strip()
            == php_server.instance(release).name
        )
    assert len(set(tags)) == 3
    assert set(php_server.directory("specs").installed_digests()) == {
        release.digest for release in releases[1:]
    }
    assert php_server.run_verb("switch", releases[0]).last_line.endswith(
        "of specs is not on this server"
    )
    assert php_server.page("specs", "/missing").status == 404
    assert php_server.page("specs", "/private.txt").status == 404


def test_a_deployment_waits_for_the_one_before_it(php_server: ServerFixture) -> None:
    directory = php_server.directory("shop")
    directory.create()
    with lock.exclusive(directory.path / ".lock", "switch 0123"):
        process = php_server.start("prepare", applications.shop(php_server, "later"))
        assert process.stdout
        waiting = process.stdout.readline().decode()
        assert waiting == f"waiting until this is done: switch 0123, process {os.getpid()}\n"
    output, _ = process.communicate()
    assert (process.returncode, output) == (0, b"unpacked and configured 3 files\n")
    assert php_server.run_agent("abandon", "shop").code == 0


def test_no_request_fails_while_releases_change(php_server: ServerFixture) -> None:
    releases = [applications.shop(php_server, version) for version in ("one", "two")]
    for release in releases:
        assert php_server.deploy(release).code == 0
    with visited(php_server, applications.SHOP) as answers:
        for number in range(10):
            assert php_server.run_verb("switch", releases[number % 2]).code == 0
    assert answers == {"200 'shop one one'", "200 'shop two two'"}


def test_no_visitor_sees_an_earlier_release_that_cannot_use_the_newer_database(
    php_server: ServerFixture, blog: Release
) -> None:
    page = "$database->query('SELECT more FROM notes');"
    add = "$database->query('ALTER TABLE notes ADD IF NOT EXISTS more INT');"
    drop = "$database->query('ALTER TABLE notes DROP IF EXISTS more');"
    old = applications.blog(php_server, "old", page, add)
    new = applications.blog(php_server, "new", migration=drop)
    for release in (old, new):
        assert php_server.deploy(release).code == 0
    with visited(php_server, applications.BLOG) as answers:
        result = php_server.run_verb("switch", old)
    assert result.code == 1
    assert result.last_line.startswith("GET / -> 500")
    assert result.last_line.endswith(f": {new.digest[:12]} stays live")
    assert {answer[:14] for answer in answers} == {"200 'blog new;"}
    assert php_server.events("blog")[-1] == "abandoned"
    assert php_server.deploy(blog).code == 0


def test_the_files_of_two_releases_never_have_the_same_second(tmp_path: Path) -> None:
    for number in range(3):
        wait_for_another_second(tmp_path)
        (tmp_path / f"{number}").mkdir()
    seconds = {int(folder.stat().st_mtime) for folder in tmp_path.iterdir()}
    assert len(seconds) == 3


@contextmanager
def visited(server: ServerFixture, component: Component) -> Iterator[set[str]]:
    """Visitors ask for a component's first page all the time; what they were answered."""
    stop, answers = Event(), set[str]()
    ask = public_fetcher(server.settings, server.environment.url(component))

    def visit() -> None:
        while not stop.wait(0.02):
            try:
                answers.add(str(ask("/")))
            except Exception as reason:
                answers.add(repr(reason))

    visitors = [Thread(target=visit) for _ in range(2)]
    for visitor in visitors:
        visitor.start()
    try:
        yield answers
    finally:
        stop.set()
        for visitor in visitors:
            visitor.join()


@pytest.mark.usefixtures("blog")
def test_the_files_of_a_deployment_are_gone_afterwards(php_server: ServerFixture) -> None:
    directory = php_server.directory("blog")
    leftovers = [
        *directory.releases.glob(".tmp-*"),
        *directory.backups.glob(".tmp-*"),
        directory.path / "next",
    ]
    assert [path for path in leftovers if Path(path).is_symlink() or path.exists()] == []
