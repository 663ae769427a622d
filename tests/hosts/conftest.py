from collections.abc import Iterator

import pytest

from model.component import Component
from tests.hosts import applications
from tests.hosts.world import Release, World, make, running


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
    (world.place("blog").shared / "content/uploads/broken").unlink(missing_ok=True)
    page = world.page("blog")
    assert (page.status, page.headers["x-slipway-release"]) == (200, blog.digest)
    assert "blog one; notes first; salt pepper" in page.body
    place = world.place("blog")
    assert place.live == blog.digest
    assert place.journal.unfinished() is None
    assert not (place.folder / "next").is_symlink()
    assert list(place.releases.glob(".tmp-*")) == []
