"""A site's files: what is read, and which errors are reported."""

import shutil
from pathlib import Path

import pytest

from model.reading import InvalidSite
from model.schema import schemas
from model.site import read_site
from tests.conftest import DEMO, ROOT

SITE = 'title = "S"\nreleasers = ["ana"]\npoll_seconds = 5\n'
STAGING = 'domain = "s.example"\nindexed = false\ntls = "internal"\n'
PRODUCTION = 'domain = "p.example"\nindexed = true\ntls = "acme"\npromotes_from = "staging"\n'
BLOG = """title = "Blog"
runtime = "static"
host = "blog"
[upstream]
repository = "https://example.org/blog.git"
release = "1.*"
"""


FREEZE = """[[freezes]]
reason = "weekend"
starts = "0 16 * * 5"
ends = "0 7 * * 1"
"""


def write(folder: Path, changes: dict[str, str] | None = None) -> Path:
    files = {
        "site.toml": SITE,
        "environments/staging.toml": STAGING,
        "environments/production.toml": PRODUCTION,
        "components/blog/component.toml": BLOG,
    }
    for name, text in (files | (changes or {})).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_a_site_is_read_with_environments_in_promotion_order(tmp_path: Path) -> None:
    site = read_site(write(tmp_path))
    assert [environment.name for environment in site.environments] == ["staging", "production"]
    staging, production = site.environments
    (blog,) = site.components
    assert production.url(blog) == "https://blog.p.example/"
    assert site.source_of(production) == staging
    assert site.source_of(staging) is None
    assert site.hosts == ("blog.p.example", "blog.s.example")


def test_a_template_in_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    template = write(tmp_path) / "components/blog/templates/config.php.j2"
    template.parent.mkdir(parents=True, exist_ok=True)
    template.write_bytes(b"<?php\n// gr\xfc\xdfe\n")
    with pytest.raises(InvalidSite) as error:
        read_site(tmp_path)
    expected = f"{template}: line 2: byte 0xfc is not UTF-8, which a template must be"
    assert error.value.errors == (expected,)


MISTAKES = [
    (
        "site.toml",
        SITE + "colour = 1\n",
        "unknown key 'colour'; expected one of freezes, git_seconds",
    ),
    ("site.toml", "title = 3\n", "key 'title': Input should be a valid string"),
    ("site.toml", "title = \n", "not TOML"),
    ("site.toml", SITE.replace('"ana"', '"Ana B"'), "key 'releasers.0': must match ^[a-z]"),
    ("components/blog/component.toml", BLOG.replace("runtime", "runtme"), "did you mean 'runtime'"),
    ("components/blog/component.toml", BLOG.replace("static", "ruby"), "key 'runtime': Input sho"),
    ("components/blog/component.toml", BLOG + 'branch = "b"', "exactly one of 'release', 'br"),
    ("components/blog/component.toml", BLOG + 'tags = "("', "key 'upstream.tags': is not a regul"),
    ("components/blog/component.toml", 'name = "x"\n' + BLOG, "key 'name' is not written, it is"),
    ("components/blog/component.toml", BLOG + "[[overlays]]\ninto = '../x'\n", "without '..'"),
    ("components/blog/component.toml", BLOG + "[[checks]]\npth = '/'\n", "did you mean 'path'?"),
    ("components/Blog_2/component.toml", BLOG, "key 'name': must match ^[a-z][a-z0-9-]{0,23}$"),
    (
        "components/news/component.toml",
        BLOG,
        "key 'host': host 'blog' is the host of blog",
    ),
    ("components/news/readme", "", "components/news/component.toml: this file is missing"),
    ("components/blog/templates/a.php", "", "templates/a.php: a template's name ends in .j2"),
    ("environments/production.toml", PRODUCTION.replace("staging", "q"), "no environment 'q'; exp"),
    (
        "environments/staging.toml",
        STAGING + 'promotes_from = "production"',
        "no environment takes green",
    ),
    (
        "environments/qa.toml",
        STAGING + 'promotes_from = "qa"',
        "promote from each other in a circle",
    ),
    ("environments/staging.toml", STAGING + "https_port = 0", "key 'https_port': Input should be"),
    (
        "site.toml",
        SITE + 'order = ["bolg"]\n',
        "key 'order': no 'bolg' there; expected one of blog",
    ),
    ("site.toml", SITE + 'two_person = ["staging"]\n', "no 'staging' there; expected one of produ"),
    ("site.toml", SITE + FREEZE.replace("5", "x"), "nor a cron expression of five fields"),
    ("site.toml", SITE + FREEZE + 'environments = ["qa"]\n', "key 'freezes': no 'qa' there"),
    ("site.toml", SITE + FREEZE.replace('"0 16 * * 5"', '"0 0 31 6 *"'), "no calendar has"),
    ("components/blog/component.toml", BLOG + "[[checks]]\npath = '/ü'\n", "key 'checks.0.path'"),
    (
        "components/blog/component.toml",
        BLOG + "[[checks]]\nstatus = 101\n",
        "key 'checks.0.status'",
    ),
    (
        "components/blog/component.toml",
        BLOG + "[serve]\nhidden = ['/a/*']\n[[checks]]\npath = '/A/b?c'\n",
        "'checks' expects GET /A/b?c -> 200, but 'serve.hidden' has '/a/*'",
    ),
    (
        "components/blog/component.toml",
        BLOG.replace('"1.*"', '"1.*"\nfork.branch = "a..b"'),
        "branch",
    ),
    ("environments/staging.toml", STAGING + "http_port = 443", "are both 443"),
    ("environments/staging.toml", STAGING.replace("s.e", "-s.e"), "label '-s' must have at most"),
    ("environments/build.toml", STAGING.replace("s.", "b."), "builder 'blog-build' is the builds"),
    ("environments/qa.toml", STAGING, "is an address already, of "),
    ("components/site/component.toml", BLOG.replace("blog", "s"), "cannot be called 'site'"),
]


CLOUD = """[openstack]
cloud = "s"
master = "10.0.0.1:8011"
network = "internal"
"""
LANE = 'image = "worker-*"\nflavor = "small"\n'
MISTAKES += [
    (f"environments/{environment}.toml", text, words)
    for environment, text, words in (
        ("staging", STAGING + CLOUD + "[openstack.build]\n", "'openstack.build.image' is missing"),
        (
            "staging",
            STAGING + CLOUD + "[openstack.build]\nflavour = 1\n" + LANE,
            "unknown key 'openstack.build.flavour' (did you mean 'flavor'?); expected one of "
            "flavor, idle_seconds, image, machines, ready",
        ),
        (
            "staging",
            STAGING + CLOUD + "[openstack.build]\nmachines = 2\nready = 3\n" + LANE,
            "key 'openstack.build': 'ready' must be at most 'machines', which is 2",
        ),
        (
            "staging",
            STAGING + CLOUD + "[openstack.deploy]\nmachines = 2\n" + LANE,
            "key 'openstack': 'deploy.machines' must be 1: one worker deploys all components",
        ),
        (
            "production",
            PRODUCTION.replace("p.example", "p.localhost"),
            "no public authority certifies hosts of 'p.localhost': name one as 'acme.directory'",
        ),
        (
            "staging",
            STAGING + '[acme]\nemail = "ops@example.org"\n',
            "'acme' is the authority of tls = 'acme', and 'tls' is another one",
        ),
        (
            "production",
            PRODUCTION + '[acme]\ndirectory = "http://ca.example/dir"\n',
            "key 'acme.directory': must match ^https://",
        ),
        (
            "production",
            PRODUCTION + CLOUD + '[servers.web]\ncount = 2\nroles = ["edge", "app"]\n' + LANE,
            "tls = 'acme' needs one server with the role 'edge', here are 2",
        ),
        (
            "staging",
            STAGING + CLOUD + "[servers.web]\nroles = []\n" + LANE,
            "key 'servers.web.roles'",
        ),
        (
            "staging",
            STAGING + CLOUD + '[servers.web]\nroles = ["edge", "ap"]\n' + LANE,
            "key 'servers.web.roles.1': no role 'ap'; expected one of app, database, edge, ",
        ),
        (
            "staging",
            STAGING + CLOUD + '[servers.web]\nroles = ["database"]\n' + LANE,
            "key 'servers.web': the role 'database' needs 'app' on the same servers",
        ),
        (
            "staging",
            STAGING + CLOUD + '[servers.web]\nroles = ["app"]\n' + LANE,
            "key 'servers.web': the role 'app' needs 'edge' on the same servers",
        ),
        (
            "staging",
            STAGING + CLOUD + '[servers.Web]\nroles = ["app", "edge"]\n' + LANE,
            "key 'servers.Web.[key]': must match ",
        ),
        (
            "staging",
            STAGING + '[servers.web]\nroles = ["app", "edge"]\n' + LANE,
            "'servers' are machines of a project, which 'openstack' must name",
        ),
        (
            "staging",
            STAGING + CLOUD.replace(":8011", ""),
            "key 'openstack.master': must match ",
        ),
        (
            "production",
            PRODUCTION + CLOUD + "[openstack.build]\n" + LANE,
            "key 'openstack.build': only an environment without the key 'promotes_from' builds",
        ),
    )
]


@pytest.mark.parametrize(("file", "text", "words"), MISTAKES)
def test_an_error_names_its_file_and_what_is_allowed(
    tmp_path: Path, file: str, text: str, words: str
) -> None:
    with pytest.raises(InvalidSite) as refusal:
        read_site(write(tmp_path, {file: text}))
    assert words in str(refusal.value)
    assert str(tmp_path) in str(refusal.value)


def test_all_errors_of_all_files_are_reported_at_once(tmp_path: Path) -> None:
    wrong = {"site.toml": "titel = 1\n", "components/blog/component.toml": "host = 3\n"}
    with pytest.raises(InvalidSite) as refusal:
        read_site(write(tmp_path, wrong))
    errors = "\n".join(refusal.value.errors)
    for words in ("'titel'", "'poll_seconds' is missing", "'host': ", "'upstream' is missing"):
        assert words in errors


def test_the_error_for_an_empty_site_says_what_to_add(tmp_path: Path) -> None:
    shutil.rmtree(write(tmp_path) / "environments")
    with pytest.raises(InvalidSite, match="no environment here; add one as <name>"):
        read_site(tmp_path)


@pytest.mark.parametrize(("path", "text"), schemas().items(), ids=lambda value: str(value)[-16:])
def test_the_schemas_are_those_of_the_models(path: Path, text: str) -> None:
    assert path.read_text() == text, "run `python -m model.schema`"


@pytest.mark.parametrize("path", sorted((ROOT / "sites").rglob("*.toml")), ids=str)
def test_every_toml_file_names_its_schema(path: Path) -> None:
    first = path.read_text().splitlines()[0]
    assert first.startswith("#:schema "), path
    assert (path.parent / first.removeprefix("#:schema ")).is_file(), path


def test_the_demo_site_is_valid() -> None:
    assert [component.name for component in read_site(DEMO).components] == [
        "accounts",
        "blog",
        "docs",
        "notes",
        "specs",
    ]


def test_names_that_only_differ_in_where_they_are_divided_are_refused_together(
    tmp_path: Path,
) -> None:
    secret = 'secrets = ["key"]\n'
    files = {
        "components/blog/component.toml": 'secrets = ["qa-key"]\n' + BLOG,
        "components/blog-qa/component.toml": secret + BLOG.replace('"blog"', '"two"'),
        "components/retention/component.toml": BLOG.replace('"blog"', '"three"'),
        "environments/qa-staging.toml": STAGING.replace("s.", "q."),
        "environments/build.toml": STAGING.replace("s.", "b."),
    }
    with pytest.raises(InvalidSite) as error:
        read_site(write(tmp_path, files))
    errors = str(error.value)
    for shared in (
        "builder 'blog-qa-staging'",
        "builder 'blog-build'",
        "builder 'retention-build'",
        "secret 'staging-blog-qa-key'",
        "secret 'worker-build'",
    ):
        assert f"{shared} is " in errors, errors


def test_the_errors_of_all_files_are_said_at_once(tmp_path: Path) -> None:
    files = {
        "site.toml": SITE + FREEZE.replace('"0 16 * * 5"', '"0 0 30 2 *"'),
        "components/blog/component.toml": BLOG + "[[checks]]\npath = '/ü'\n",
        "components/news/component.toml": BLOG.replace("static", "ruby"),
        "environments/staging.toml": STAGING + "http_port = 443",
    }
    with pytest.raises(InvalidSite) as error:
        read_site(write(tmp_path, files))
    named = dict.fromkeys(line.split(": ")[0] for line in error.value.errors)
    assert list(named) == [str(tmp_path / name) for name in files]
