import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from model.component import Component
from tests.agent import applications, service_applications
from tests.agent.packaging import Release
from tests.agent.server_fixture import ServerFixture
from tests.agent.server_setup import create_server, run_services


@pytest.fixture(scope="session")
def php_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerFixture]:
    components: tuple[Component, ...] = applications.COMPONENTS
    with run_services(create_server(tmp_path_factory.mktemp("w"), components)) as started:
        yield started


@pytest.fixture(scope="session")
def blog(php_server: ServerFixture) -> Release:
    """The release of the blog that every test finds live and must leave live."""
    release = applications.blog(php_server, "one")
    result = php_server.deploy(release)
    assert result.code == 0, result
    return release


@pytest.fixture
def intact(php_server: ServerFixture, blog: Release) -> Iterator[None]:
    """After a failure the old release serves its page, and its data are intact."""
    yield
    (php_server.directory("blog").shared / "content/uploads/broken").unlink(missing_ok=True)
    page = php_server.page("blog")
    assert (page.status, page.headers["x-slipway-release"].partition("-")[0]) == (200, blog.digest)
    assert "blog one; notes first; salt pepper" in page.body
    directory = php_server.directory("blog")
    assert directory.live == blog.digest
    assert directory.journal.unfinished() is None
    assert not (directory.path / "next").is_symlink()
    assert list(directory.releases.glob(".tmp-*")) == []


@pytest.fixture
def blog_restored(php_server: ServerFixture, blog: Release) -> Iterator[None]:
    """Switch back to the release that every test finds live."""
    yield
    assert php_server.run_agent("switch", "blog", blog.digest).code == 0


@pytest.fixture(scope="session")
def process_server() -> Iterator[ServerFixture]:
    """A server for processes, without PHP and without a database: root can run it too.

    Not in pytest's own folder, which no other account may enter.
    """
    with TemporaryDirectory() as folder:
        if not os.geteuid():
            Path(folder).chmod(0o755)
        with run_services(create_server(Path(folder), service_applications.COMPONENTS)) as started:
            yield started


@pytest.fixture(scope="session")
def api(process_server: ServerFixture) -> Release:
    """The release that every test finds live and must leave live."""
    release = service_applications.api(process_server, "one")
    result = process_server.deploy(release)
    assert result.code == 0, result
    return release


@pytest.fixture
def unchanged(process_server: ServerFixture, api: Release) -> Iterator[None]:
    """After a failure the old release answers, and no other release has processes."""
    yield
    assert "api one; salt pepper" in process_server.page("api").body
    directory = process_server.directory("api")
    assert directory.live == api.digest
    assert directory.journal.unfinished() is None
    assert process_server.running_services("api") == [
        (api.digest[:12], name) for name in ("web", "feed", "inner")
    ]
