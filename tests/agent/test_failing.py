"""Every way in which a deployment fails: the old release stays live, with its data intact."""

import pytest

from model.component import Check
from model.release import Manifest
from releases.provenance import generate_key
from tests.agent import applications
from tests.agent.packaging import Release
from tests.agent.server_fixture import ServerFixture

pytestmark = pytest.mark.usefixtures("intact")


def stays(blog: Release) -> str:
    return f"{blog.digest[:12]} stays live"


def test_a_signature_of_another_key(php_server: ServerFixture, blog: Release) -> None:
    forged = php_server.build_release(
        "blog", {"index.php": "forged"}, private_key=generate_key()[0]
    )
    result = php_server.prepare(forged)
    assert result.code == 1
    assert forged.provenance.name in result.last_line
    assert "signature" in result.last_line
    assert result.last_line.endswith(stays(blog))


def test_a_signature_for_another_component(php_server: ServerFixture, blog: Release) -> None:
    result = php_server.prepare(php_server.build_release("blog", {"a": "b"}, signed_as="specs"))
    assert result.code == 1
    assert result.last_line.endswith(f"is of component specs, not blog: {stays(blog)}")


def test_an_artifact_with_other_bytes(php_server: ServerFixture) -> None:
    release, other = applications.blog(php_server, "two"), applications.blog(php_server, "three")
    release.artifact.write_bytes(other.artifact.read_bytes())
    result = php_server.prepare(release)
    assert result.code == 1
    assert f"its digest is {other.digest}, not {release.digest}" in result.last_line


def test_a_manifest_of_another_component(php_server: ServerFixture) -> None:
    manifest = Manifest.of(applications.SPECS)
    result = php_server.prepare(php_server.build_release("blog", {"a": "b"}, manifest))
    assert result.code == 1
    assert ".slipway/manifest.json is of component specs, not of blog" in result.last_line


def test_a_secret_that_the_environment_does_not_give(php_server: ServerFixture) -> None:
    result = php_server.prepare(applications.blog(php_server, "two"), secrets={})
    assert result.code == 1
    expected = "secret 'salt' of component blog is missing in environment testing: "
    assert result.last_line.startswith(expected)


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{ secrets.sugar }}", "uses secret 'sugar', which component blog in environment testing"),
        ("{{ secrets['get'] }}", "uses secret 'get'"),
        ("{{ colour }}", "template extra.j2, line 1: 'colour' is undefined"),
        ("{% if %}", "template extra.j2, line 1: Expected an expression"),
    ],
)
def test_a_template_that_cannot_be_rendered(
    template: str, why: str, php_server: ServerFixture
) -> None:
    files = {".slipway/templates/extra.j2": template}
    result = php_server.prepare(applications.blog(php_server, "two", files=files))
    assert result.code == 1
    assert why in result.last_line


@pytest.mark.parametrize("manifest", ["{", "[]", '{"component": 3}', "\xfc", '{"x": 1e999}'])
def test_a_manifest_that_cannot_be_read_undoes_the_deployment(
    manifest: str, php_server: ServerFixture, blog: Release
) -> None:
    files = {".slipway/manifest.json": manifest.encode("latin-1")}
    result = php_server.prepare(php_server.build_release("blog", files))
    assert result.code == 1
    assert result.last_line.endswith(stays(blog))


def test_a_migration_that_fails_half_way(php_server: ServerFixture, blog: Release) -> None:
    migration = f"{applications.SPOIL} echo 'spoilt'; exit(3);"
    new = applications.blog(php_server, "spoilt", migration=migration)
    assert php_server.prepare(new).code == 0
    result = php_server.run_verb("rehearse", new)
    assert result.code == 1
    assert "$ php migrate.php\nspoilt" in result.stdout
    assert result.last_line == f"php migrate.php failed with 3: {stays(blog)}"
    assert "copy" not in php_server.run_sql("SHOW DATABASES; SELECT user FROM mysql.user")


def test_a_migration_that_fails_although_its_rehearsal_did_not(
    php_server: ServerFixture, blog: Release
) -> None:
    migration = f"{applications.COMMENT} {applications.NO_REHEARSAL} exit(3);"
    new = applications.blog(php_server, "fickle", migration=migration)
    assert php_server.prepare(new).code == 0
    assert php_server.run_verb("rehearse", new).code == 0
    result = php_server.run_verb("switch", new)
    assert result.last_line == f"php migrate.php failed with 3: {stays(blog)}; database restored"


def test_an_installation_that_fails_leaves_an_empty_schema(php_server: ServerFixture) -> None:
    name = "testing_nothing"
    manifest = Manifest.of(applications.NOTHING).model_copy(
        update={"database": applications.BLOG.database}
    )
    files = {
        "install.php": applications.INSTALL + "exit(4);",
        ".slipway/templates/config.php.j2": applications.CONFIG.replace("secrets.salt", "url"),
    }
    release = php_server.build_release("nothing", files, manifest)
    assert php_server.prepare(release).code == 0
    rehearsal = php_server.run_verb("rehearse", release)
    assert rehearsal.last_line.startswith("the database is empty: ")
    result = php_server.run_verb("switch", release)
    assert result.last_line == (
        "php install.php failed with 4: nothing is live; database emptied again"
    )
    assert php_server.run_sql(f"SHOW TABLES FROM {name}") == ""
    assert php_server.page("nothing").status == 503


def test_a_check_that_fails_before_the_switch(php_server: ServerFixture, blog: Release) -> None:
    page = 'http_response_code(500); exit("\\nno such table\\n");'
    new = applications.blog(php_server, "two", page, applications.SPOIL)
    result = php_server.deploy(new)
    assert result.code == 1
    expected = f"GET / -> 500 'no such table', expected 200: {stays(blog)}"
    assert result.last_line == expected
    assert php_server.run_verb("switch", new).last_line.endswith(
        "has not been checked: rehearse it first"
    )


def test_a_rehearsal_that_failed_may_be_repeated(php_server: ServerFixture, blog: Release) -> None:
    """PHP has cached the first copy's configuration, with a password that is none any more."""
    broken = php_server.directory("blog").shared / "content/uploads/broken"
    page = "if (file_exists(__DIR__ . '/content/uploads/broken')) { exit('it broke'); }"
    new = applications.blog(php_server, "repeated", page, applications.ADD_COLUMN)
    broken.touch()
    assert php_server.prepare(new).code == 0
    assert "it broke" in php_server.run_verb("rehearse", new).last_line
    broken.unlink()
    assert php_server.prepare(new).code == 0
    assert "2 checks passed" in php_server.run_verb("rehearse", new).last_line
    assert php_server.run_verb("switch", blog).code == 0


def test_a_wrong_new_secret_leaves_the_live_release_with_its_old_one(
    php_server: ServerFixture, blog: Release
) -> None:
    """The live release is deployed again, and its page fails its check with the new secret."""
    manifest = Manifest.of(applications.BLOG).model_copy(
        update={"checks": (Check(contains="salt pepper"),)}
    )
    strict = applications.blog(php_server, "strict", manifest=manifest)
    assert php_server.deploy(strict).code == 0
    secrets = {"salt": "wrong"}
    assert php_server.prepare(strict, secrets).last_line.endswith("new configuration: config.php")
    result = php_server.rehearse(strict, secrets)
    assert result.code == 1
    assert result.last_line.endswith(f"{strict.digest[:12]} stays live")
    assert "blog strict; notes first; salt pepper" in php_server.page("blog").body
    assert php_server.run_verb("switch", blog).code == 0


def test_a_page_without_the_expected_text(php_server: ServerFixture) -> None:
    manifest = Manifest.of(applications.BLOG).model_copy(
        update={"checks": (Check(contains="welcome"),)}
    )
    result = php_server.deploy(applications.blog(php_server, "two", manifest=manifest))
    assert result.code == 1
    assert "GET / -> 200 'blog two; notes first" in result.last_line
    assert "expected it to contain 'welcome'" in result.last_line


def test_a_release_whose_pages_do_not_come_from_php(php_server: ServerFixture) -> None:
    manifest = Manifest.of(applications.BLOG).model_copy(
        update={"checks": (Check(path="/style.css"),)}
    )
    result = php_server.deploy(applications.blog(php_server, "two", manifest=manifest))
    assert result.code == 1
    assert "no checked page came from PHP" in result.last_line


def test_a_check_that_fails_after_the_switch(php_server: ServerFixture, blog: Release) -> None:
    new = applications.blog(php_server, "two", applications.BROKEN, applications.COMMENT)
    assert php_server.prepare(new).code == 0
    assert php_server.run_verb("rehearse", new).code == 0
    (php_server.directory("blog").shared / "content/uploads/broken").touch()
    result = php_server.run_verb("switch", new)
    assert result.code == 1
    assert result.last_line == (
        f"GET / -> 500 'it broke', expected 200: returned to {blog.digest[:12]}; database restored"
    )
    assert php_server.events("blog")[-1] == "returned"
