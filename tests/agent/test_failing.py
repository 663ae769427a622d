"""Every way in which a deployment fails: the old release goes on serving, its data intact."""

import pytest

from model.component import Check
from model.release import Manifest
from releases.provenance import generate_key
from tests.agent import applications
from tests.agent.world import Release, World

pytestmark = pytest.mark.usefixtures("intact")


def stays(blog: Release) -> str:
    return f"{blog.digest[:12]} stays live"


def test_a_signature_of_another_key(world: World, blog: Release) -> None:
    forged = world.release("blog", {"index.php": "forged"}, private_key=generate_key()[0])
    done = world.prepare(forged)
    assert done.code == 1
    assert forged.provenance.name in done.last
    assert "signature" in done.last
    assert done.last.endswith(stays(blog))


def test_a_signature_for_another_component(world: World, blog: Release) -> None:
    done = world.prepare(world.release("blog", {"a": "b"}, signed_as="specs"))
    assert done.code == 1
    assert done.last.endswith(f"is of component specs, not blog: {stays(blog)}")


def test_an_artifact_with_other_bytes(world: World) -> None:
    release, other = applications.blog(world, "two"), applications.blog(world, "three")
    release.artifact.write_bytes(other.artifact.read_bytes())
    done = world.prepare(release)
    assert done.code == 1
    assert f"its digest is {other.digest}, not {release.digest}" in done.last


def test_a_manifest_of_another_component(world: World) -> None:
    described = Manifest.of(applications.SPECS)
    done = world.prepare(world.release("blog", {"a": "b"}, described))
    assert done.code == 1
    assert ".slipway/manifest.json is of component specs, not of blog" in done.last


def test_no_room_for_the_release(world: World) -> None:
    """A limit on the size of files stands in for a full disk: tar fails in the same way."""
    large = applications.blog(world, "large", files={"large": "x" * 300_000})
    done = world.prepare(large, wrapper=("prlimit", "--fsize=200000"))
    assert done.code == 1
    assert "tar failed" in done.last
    assert not world.directory("blog").release(large.digest).exists()


def test_a_secret_that_the_environment_does_not_give(world: World) -> None:
    done = world.prepare(applications.blog(world, "two"), secrets={})
    assert done.code == 1
    expected = "secret 'salt' of component blog is missing in environment testing: "
    assert done.last.startswith(expected)


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{ secrets.sugar }}", "uses secret 'sugar', which component blog in environment testing"),
        ("{{ secrets['get'] }}", "uses secret 'get'"),
        ("{{ colour }}", "template extra.j2: 'colour' is undefined"),
        ("{% if %}", "template extra.j2: Expected an expression"),
    ],
)
def test_a_template_that_cannot_be_filled_in(template: str, why: str, world: World) -> None:
    files = {".slipway/templates/extra.j2": template}
    done = world.prepare(applications.blog(world, "two", files=files))
    assert done.code == 1
    assert why in done.last


def test_a_migration_that_fails_half_way(world: World, blog: Release) -> None:
    migration = f"{applications.SPOIL} echo 'spoilt'; exit(3);"
    new = applications.blog(world, "spoilt", migration=migration)
    assert world.prepare(new).code == 0
    done = world.on("migrate", new)
    assert done.code == 1
    assert "$ php migrate.php\nspoilt" in done.stdout
    assert done.last == f"php migrate.php failed with 3: {stays(blog)}; database restored"


def test_an_installation_that_fails_leaves_an_empty_schema(world: World) -> None:
    name = "testing_nothing"
    described = Manifest.of(applications.NOTHING).model_copy(
        update={"database": applications.BLOG.database}
    )
    files = {
        "install.php": applications.INSTALL + "exit(4);",
        ".slipway/templates/config.php.j2": applications.CONFIG.replace("secrets.salt", "url"),
    }
    release = world.release("nothing", files, described)
    assert world.prepare(release).code == 0
    done = world.on("migrate", release)
    assert done.last == ("php install.php failed with 4: nothing is live; database emptied again")
    assert world.sql(f"SHOW TABLES FROM {name}") == ""
    assert world.page("nothing").status == 503


def test_a_check_that_fails_before_the_switch(world: World, blog: Release) -> None:
    page = 'http_response_code(500); exit("\\nno such table\\n");'
    new = applications.blog(world, "two", page, applications.SPOIL)
    done = world.deploy(new)
    assert done.code == 1
    expected = f"GET / -> 500 'no such table', expected 200: {stays(blog)}; database restored"
    assert done.last == expected
    assert world.on("switch", new).last.endswith("has not been checked: check it first")


def test_a_page_without_the_promised_words(world: World) -> None:
    manifest = Manifest.of(applications.BLOG).model_copy(
        update={"checks": (Check(contains="welcome"),)}
    )
    done = world.deploy(applications.blog(world, "two", manifest=manifest))
    assert done.code == 1
    assert "GET / -> 200 'blog two; notes first" in done.last
    assert "expected it to contain 'welcome'" in done.last


def test_a_release_whose_pages_do_not_come_from_php(world: World) -> None:
    manifest = Manifest.of(applications.BLOG).model_copy(
        update={"checks": (Check(path="/style.css"),)}
    )
    done = world.deploy(applications.blog(world, "two", manifest=manifest))
    assert done.code == 1
    assert "no checked page came from PHP" in done.last


def test_a_proof_that_fails_after_the_switch(world: World, blog: Release) -> None:
    new = applications.blog(world, "two", applications.BROKEN, applications.COMMENT)
    assert world.prepare(new).code == 0
    assert world.on("migrate", new).code == 0
    assert world.on("check", new).code == 0
    (world.directory("blog").shared / "content/uploads/broken").touch()
    done = world.on("switch", new)
    assert done.code == 1
    assert done.last == (
        f"GET / -> 500 'it broke', expected 200: returned to {blog.digest[:12]}; database restored"
    )
    assert world.events("blog")[-1] == "returned"
