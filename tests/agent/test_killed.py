"""kill -9 at every point: one whole release is live, and the next verb puts the rest in order."""

from collections.abc import Callable

import pytest

from agent.journal import EventName
from tests.agent import applications
from tests.agent.server_fixture import Release, World, until

pytestmark = pytest.mark.usefixtures("intact")

SLOW = "usleep(500000);"


def kill_at(world: World, verb: str, release: Release, event: EventName) -> None:
    """Run a verb and kill it as soon as the journal shows the event."""
    seen = len(world.directory("blog").journal.events())
    kill_when(world, verb, release, lambda: event in world.events("blog")[seen:])


def kill_switched(world: World, release: Release) -> None:
    """Switch, and kill that while it waits for its proof."""
    kill_when(world, "switch", release, lambda: world.directory("blog").live == release.digest)


def kill_when(world: World, verb: str, release: Release, true: Callable[[], bool]) -> None:
    process = world.start(verb, release)
    until(true)
    process.kill()
    process.communicate()
    assert process.returncode == -9


def still_one(world: World) -> None:
    assert "blog one; " in world.page("blog").body


def test_while_it_prepares(world: World, blog: Release) -> None:
    new = applications.blog(world, "large", files={"large": "x" * 30_000_000})
    kill_at(world, "prepare", new, "preparing")
    still_one(world)
    assert world.prepare(new).last.startswith("unpacked 11 files")
    done = world.call("abandon", "blog")
    assert done.last == f"{new.digest[:12]} was unfinished: {blog.digest[:12]} stays live"


def test_by_its_own_migration(world: World) -> None:
    migration = f"{applications.SPOIL} posix_kill(posix_getppid(), SIGKILL); sleep(120);"
    new = applications.blog(world, "killing", migration=migration)
    assert world.prepare(new).code == 0
    assert world.on("migrate", new).code == -9
    assert "blog one; notes ;" in world.page("blog").body
    assert world.on("migrate", new).last.endswith("was interrupted: prepare it again")
    done = world.prepare(applications.blog(world, "next"))
    assert f"{new.digest[:12]} was unfinished: " in done.stdout
    assert "stays live; database restored" in done.stdout
    assert world.call("abandon", "blog").code == 0
    assert world.call("abandon", "blog").last == "nothing was unfinished"


def test_while_its_migration_runs(world: World) -> None:
    new = applications.blog(world, "slow", migration=f"{applications.COMMENT} sleep(120);")
    assert world.prepare(new).code == 0
    kill_at(world, "migrate", new, "migrating")
    still_one(world)
    assert "database restored" in world.call("abandon", "blog").last


def test_between_its_verbs(world: World, blog: Release) -> None:
    new = applications.blog(world, "two", migration=applications.COMMENT)
    assert world.prepare(new).code == 0
    assert world.on("migrate", new).code == 0
    assert world.on("check", new).code == 0
    still_one(world)
    done = world.on("switch", blog)
    assert "stays live; database restored" in done.stdout
    assert done.last == f"already live, digest {blog.digest[:12]}"


@pytest.mark.parametrize("verb", ["switch", "prepare"])
def test_after_the_switch_and_before_the_proof(verb: str, world: World, blog: Release) -> None:
    new = applications.blog(world, "two", SLOW)
    assert world.prepare(new).code == 0
    assert world.on("check", new).code == 0
    kill_switched(world, new)
    if verb == "switch":
        assert world.on("switch", new).last.endswith(f"digest {new.digest[:12]}")
    else:
        done = world.prepare(blog)
        assert f"switch to {new.digest[:12]} has been proved: it is live" in done.stdout
    assert "blog two" in world.page("blog").body
    assert world.on("switch", blog).last.startswith("live in ")


def test_after_the_switch_to_a_release_that_cannot_be_proved(world: World, blog: Release) -> None:
    new = applications.blog(world, "two", applications.BROKEN, applications.COMMENT)
    assert world.prepare(new).code == 0
    assert world.on("migrate", new).code == 0
    assert world.on("check", new).code == 0
    (world.directory("blog").shared / "content/uploads/broken").touch()
    kill_switched(world, new)
    done = world.call("abandon", "blog")
    assert done.last.endswith("database restored")
    assert world.directory("blog").live == blog.digest
