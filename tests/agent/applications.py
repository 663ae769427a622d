"""Tiny applications: a blog on PHP with a database, a shop on PHP alone, specs as plain files."""

from collections.abc import Mapping

from model.component import Check, Component, Database, Serve, Source
from model.release import Manifest
from tests.agent.packaging import Release
from tests.agent.server_fixture import ServerFixture

UPSTREAM = Source(repository="https://example.org/upstream.git", release="1.0")

BLOG = Component(
    name="blog",
    title="Blog",
    runtime="php",
    host="blog",
    upstream=UPSTREAM,
    database=Database(
        engine="mariadb", install=(("php", "install.php"),), migrate=(("php", "migrate.php"),)
    ),
    serve=Serve(writable=("content/uploads",), hidden=("/config.php", "/secret/*.txt")),
    checks=(
        Check(path="/", contains="; https on; host blog.test.localhost:"),
        Check(path="/style.css"),
    ),
    secrets=("salt",),
)
SHOP = Component(name="shop", title="Shop", runtime="php", host="shop", upstream=UPSTREAM)
SPECS = Component(
    name="specs",
    title="Specs",
    runtime="static",
    host="specs",
    upstream=UPSTREAM,
    serve=Serve(root="public"),
)
NOTHING = Component(name="nothing", title="None", runtime="php", host="nothing", upstream=UPSTREAM)

COMPONENTS = (BLOG, SHOP, SPECS, NOTHING)

PAGE = """<?php
require __DIR__ . '/config.php';
$database = new mysqli('localhost', $user, $password, $name, 0, $socket);
if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    $database->execute_query('INSERT INTO notes (text) VALUES (?)', [$_POST['text']]);
    exit("stored\n");
}
$notes = array_column($database->query('SELECT text FROM notes ORDER BY id')->fetch_all(), 0);
%s
echo "blog VERSION; notes ", implode(',', $notes), "; salt $salt; https ", $_SERVER['HTTPS'],
    '; host ', $_SERVER['HTTP_HOST'], ' port ', $_SERVER['SERVER_PORT'], "\\n";
"""

INSTALL = """<?php
require __DIR__ . '/config.php';
$database = new mysqli('localhost', $user, $password, $name, 0, $socket);
$database->query('CREATE TABLE notes (id INT AUTO_INCREMENT PRIMARY KEY, text VARBINARY(50))');
$database->query("INSERT INTO notes (text) VALUES ('first')");
echo "installed\\n";
"""

MIGRATE = """<?php
require __DIR__ . '/config.php';
$database = new mysqli('localhost', $user, $password, $name, 0, $socket);
%s
echo "migrated\\n";
"""

CONFIG = """<?php
$name = '{{ database.name }}'; $user = '{{ database.user }}';
$password = '{{ database.password }}'; $socket = '{{ database.socket }}';
$salt = '{{ secrets.salt }}'; $shared = '{{ shared }}';
"""

SPOIL = "$database->query('DELETE FROM notes');"

NO_REHEARSAL = "if (!str_contains($name, 'copy'))"
"""Before a statement of a migration that does not run on the copy of the database."""

ADD_COLUMN = "$database->query('ALTER TABLE notes ADD IF NOT EXISTS more INT DEFAULT 7');"


BROKEN = (
    "if (file_exists(__DIR__ . '/content/uploads/broken')"
    " && basename(readlink(__DIR__ . '/../../current')) === basename(__DIR__)) {"
    " usleep(300000); http_response_code(500); exit('it broke'); }"
)
"""How a release breaks as soon as it is live, and not before."""


COMMENT = "$database->query(\"INSERT INTO notes (text) VALUES ('migrated')\");"


def blog(
    server: ServerFixture,
    version: str,
    page: str = "",
    migration: str = "",
    files: Mapping[str, str] | None = None,
    manifest: Manifest | None = None,
) -> Release:
    """A release of the blog, with more code in its page and its migration."""
    tree = {
        "index.php": (PAGE % page).replace("VERSION", version),
        "install.php": INSTALL,
        "migrate.php": MIGRATE % migration,
        "style.css": f"/* {version} */",
        "content/uploads/shipped.txt": "shipped",
        "content/uploads/run/index.php": "<?php echo 'ran';",
        "secret/a/b.txt": "hidden",
        ".gitignore": "hidden",
        ".slipway/templates/config.php.j2": CONFIG,
    }
    return server.build_release("blog", {**tree, **(files or {})}, manifest)


def shop(server: ServerFixture, version: str) -> Release:
    page = f"<?php require __DIR__ . '/part.php'; echo 'shop {version} ', PART;"
    part = f"<?php const PART = '{version}';"
    return server.build_release("shop", {"index.php": page, "part.php": part})


def specs(server: ServerFixture, version: str) -> Release:
    return server.build_release(
        "specs", {"public/index.html": f"specs {version}", "private.txt": "no"}
    )
