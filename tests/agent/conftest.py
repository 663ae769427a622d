import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from model.component import Component
from tests.agent import applications, service_applications
from tests.agent.server_fixture import Release, World, make, running


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    components: tuple[Component, ...] = applications.COMPONENTS
    with running(make(tmp_path_factory.mktemp("w"), components)) as started:
        yield started


@pytest.fixture(scope="session")
def blog(world: World) -> Release:
    """The release of the blog that every test finds live and must leave live."""
    release = applications.blog(world, "one")
    done = world.deploy(release)
    assert done.code == 0, done
    return release


@pytest.fixture
def intact(world: World, blog: Release) -> Iterator[None]:
    """What no failure may change: the old release serves its page, and the data are whole."""
    yield
    (world.directory("blog").shared / "content/uploads/broken").unlink(missing_ok=True)
    page = world.page("blog")
    assert (page.status, page.headers["x-slipway-release"]) == (200, blog.digest)
    assert "blog one; notes first; salt pepper" in page.body
    directory = world.directory("blog")
    assert directory.live == blog.digest
    assert directory.journal.unfinished() is None
    assert not (directory.path / "next").is_symlink()
    assert list(directory.releases.glob(".tmp-*")) == []


@pytest.fixture(scope="session")
def town() -> Iterator[World]:
    """A server of processes, without PHP and without a database: root can have one too.

    Not in pytest's own folder, which no other account may enter.
    """
    with TemporaryDirectory() as folder:
        if not os.geteuid():
            Path(folder).chmod(0o755)
        with running(make(Path(folder), service_applications.COMPONENTS)) as started:
            yield started


@pytest.fixture(scope="session")
def api(town: World) -> Release:
    """The release that every test finds live and must leave live."""
    release = service_applications.api(town, "one")
    done = town.deploy(release)
    assert done.code == 0, done
    return release


@pytest.fixture
def same(town: World, api: Release) -> Iterator[None]:
    """What no failure may change: the old release answers, and no other one runs."""
    yield
    assert "api one; salt pepper" in town.page("api").body
    directory = town.directory("api")
    assert directory.live == api.digest
    assert directory.journal.unfinished() is None
    assert town.running("api") == [(api.digest[:12], name) for name in ("web", "feed", "inner")]
