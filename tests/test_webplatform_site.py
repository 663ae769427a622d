"""The site that Slipway was made for: its data loads, says only what it may, and renders."""

import configparser
import json
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment as Jinja
from jinja2.nodes import And, Compare, CondExpr, Filter, Node, Or, Test

from agent.configuration import Secrets
from agent.errors import AgentError
from agent.rendering import render_template
from model.component import Component
from model.environment import Environment
from model.reading import read
from model.site import Site, read_site
from tests.conftest import DEMO, ROOT

FOLDER = ROOT / "sites" / "webplatform"
FOLDERS = ("environments", "environments-local")
SPRINT = (
    ("accounts", {"accounts", "api.accounts", "oauth.accounts", "profile.accounts"}),
    ("blog", {"blog"}),
    ("code", {"code"}),
    ("compat", {"compat"}),
    ("docs", {"docs"}),
    ("notes", {"notes"}),
    ("project", {"project"}),
    ("result", {"result"}),
    ("specs", {"specs"}),
    ("stats", {"stats"}),
    ("webat25", {"webat25"}),
    ("www", {"www"}),
)
GONE = (
    ("accounts", "0.10.*"),
    ("blog", "5.*"),
    ("docs", "5.*"),
    ("notes", "2.*"),
    ("project", "5.*"),
    ("specs", "0.10.*"),
    ("stats", "5.*"),
)
OURS = (
    ("project", "thebuggenie", "4711d77c"),
    ("docs", "mediawiki-core", "2c49c4b0"),
    ("code", "dabblet", "1bbc88b"),
    ("result", "dabblet", "1bbc88b"),
)
LEFT_ALONE = (
    *("model", "builders", "steps", "agent", "local", "releases", "schedulers", "workers", "web"),
    *("change_sources", "master.cfg", "sites/demo"),
)
PIWIK = Path("config/config.ini.php")
SAMPLES = {"oauth-clients": '[{"id": "dcdb5ae7add825d2", "name": "Docs"}]'}
AWKWARD = "a'b\"c\\d&e$f%g"
"""What a secret may hold, and what would end a string in one of the formats that we write."""


@cache
def site(environments: str = "environments") -> Site:
    return read_site(FOLDER, environments)


def folder(component: Component) -> Path:
    return site().component_folder(component) / "templates"


def source(component: Component, template: str) -> Node:
    return Jinja(autoescape=False).parse((folder(component) / template).read_text("utf-8"))  # noqa: S701  # PHP, not HTML


def context(component: Component, environment: Environment) -> dict[str, Any]:
    """All that a deployment gives to templates."""
    labels = {service.name: label for service, label in component.public_services}
    return {
        "environment": {"name": environment.name, "indexed": environment.indexed},
        "host": environment.host(component),
        "url": environment.url(component),
        "component": component.name,
        "digest": "3f2a" * 16,
        "release": f"/srv/{component.name}/releases/{'3f2a' * 16}",
        "shared": f"/srv/{component.name}/shared",
        "secrets": secrets(component),
        "services": {
            service.name: {
                "socket": f"/run/{component.name}-{service.name}.sock",
                "url": environment.location(labels[service.name]),
            }
            for service in component.services
        },
    } | ({"database": database(component)} if component.database else {})


def secrets(component: Component, without: str = "") -> Secrets:
    given = {name: SAMPLES.get(name, AWKWARD) for name in component.secrets if name != without}
    return Secrets(given, component.name)


def database(component: Component) -> dict[str, str]:
    own = {"name": component.name, "user": component.name, "password": AWKWARD}
    return own | {"socket": "/run/mariadb.sock"}


def texts(component: Component, environment: Environment) -> Iterator[tuple[Path, str]]:
    """Each file that the templates make in a release, and its text."""
    for template in component.templates:
        text = render_template(folder(component), template, context(component, environment))
        yield Path(template.removesuffix(".j2")), text


def files(component: Component, suffix: str) -> Iterator[tuple[Path, str]]:
    for environment in environments():
        made = texts(component, environment)
        yield from ((path, text) for path, text in made if path.name.endswith(suffix))


def environments() -> list[Environment]:
    return [environment for place in FOLDERS for environment in site(place).environments]


def holding(component: Component, suffix: str) -> bool:
    return any(template.endswith(f"{suffix}.j2") for template in component.templates)


def those(suffix: str) -> pytest.MarkDecorator:
    chosen = [component for component in site().components if holding(component, suffix)]
    return pytest.mark.parametrize("component", chosen, ids=lambda c: c.name)


each_component = pytest.mark.parametrize("component", site().components, ids=lambda c: c.name)
each_folder = pytest.mark.parametrize("place", FOLDERS)
each_secret = pytest.mark.parametrize(
    ("component", "secret"),
    [(component, secret) for component in site().components for secret in component.secrets],
    ids=lambda value: value.name if isinstance(value, Component) else value,
)


@each_folder
def test_staging_comes_before_production_and_only_production_is_indexed(place: str) -> None:
    staging, production = site(place).environments
    assert (staging.name, staging.indexed) == ("staging", False)
    assert (production.name, production.indexed) == ("production", True)
    assert site(place).source_of(production) == staging


@each_folder
def test_no_host_is_in_two_environments_and_none_is_a_bare_domain(place: str) -> None:
    labels = [label for component in site().components for label in component.labels]
    assert len({e.domain for e in site(place).environments}) == 2
    assert len(set(site(place).hosts)) == 2 * len(labels)
    assert "" not in labels


def test_the_local_environments_stand_beside_the_demo_and_its_tests() -> None:
    here = {port for e in site(FOLDERS[1]).environments for port in (e.http_port, e.https_port)}
    declared = (DEMO / "environments").glob("*.toml")
    others = [read(file, Environment, name=file.stem) for file in declared]
    demo = {port for e in others for port in (e.http_port, e.https_port)}
    assert len(here) == 4
    assert here.isdisjoint(demo | {port + 10_000 for port in demo})


def test_on_one_machine_it_is_the_same_site_on_names_that_lead_nowhere_else() -> None:
    for real, local in zip(environments()[:2], environments()[2:], strict=True):
        same = {"name", "promotes_from", "indexed", "keep"}
        assert real.model_dump(include=same) == local.model_dump(include=same)
        assert (real.tls, local.tls) == ("acme", "internal")
        assert local.domain == f"{real.domain.removesuffix('.org')}.localhost"


def test_every_component_of_the_sprint_is_here_or_the_readme_says_why_not() -> None:
    assert tuple((c.name, set(c.labels)) for c in site().components) == SPRINT
    readme = (FOLDER / "README.md").read_text("utf-8")
    assert "**drafts**: the sprint asked for it" in readme
    rows = re.findall(r"^\| ([a-z0-9, ]+) \| .+ \| .+ \|$", readme, re.MULTILINE)
    told = {name for row in rows for name in row.split(", ")} - {"component"}
    assert told == {component.name for component in site().components}


@pytest.mark.parametrize(("name", "version"), GONE)
def test_a_runtime_that_is_gone_is_named_and_a_comment_says_why(name: str, version: str) -> None:
    assert site().component(name).runtime_version == version
    text = (FOLDER / "components" / name / "component.toml").read_text("utf-8")
    assert re.search(r"^# .+\.\nruntime_version = ", text, re.MULTILINE)


def test_no_other_component_asks_for_a_version() -> None:
    asking = {component.name for component in site().components if component.runtime_version}
    assert asking == {name for name, _ in GONE}


@pytest.mark.parametrize(("name", "fork", "base"), OURS)
def test_our_commits_stand_on_the_recorded_one(name: str, fork: str, base: str) -> None:
    upstream = site().component(name).upstream
    assert upstream.commit == base
    assert upstream.fork
    assert upstream.fork.repository == f"https://github.com/webplatform/{fork}.git"
    assert upstream.fork.base == base


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("r/mediawiki/extensions/Cite", "mediawiki-extensions-Cite"),
        ("r/mediawiki/extensions/AbuseFilter.git", "mediawiki-extensions-AbuseFilter"),
        ("r/p/mediawiki/extensions/cldr.git", "mediawiki-extensions-cldr"),
        ("r/mediawiki/skins/Nostalgia", "mediawiki-skins-Nostalgia"),
        ("r/mediawiki/vendor", "mediawiki-vendor"),
    ],
)
def test_a_submodule_of_the_wiki_is_found_where_it_is_mirrored(address: str, found: str) -> None:
    rules = site().component("docs").submodules.rewrite
    recorded = f"https://gerrit.wikimedia.org/{address}"
    rule = next(rule for rule in rules if re.search(rule.find, recorded))
    rewritten = re.sub(rule.find, rule.write, recorded)
    assert rewritten == f"https://github.com/wikimedia/{found}.git"


@each_component
def test_no_template_has_a_default_or_compares(component: Component) -> None:
    for template in component.templates:
        tree = source(component, template)
        assert not [f for f in tree.find_all(Filter) if f.name in ("d", "default")], template
        assert not list(tree.find_all((Compare, Or, And, CondExpr, Test))), template


@each_component
def test_all_templates_render_in_every_environment(component: Component) -> None:
    for environment in environments():
        for path, text in texts(component, environment):
            others = {e.domain for e in environments()} - {environment.domain}
            assert not [domain for domain in others if domain in text], path


@each_secret
def test_without_one_of_its_secrets_a_component_is_not_configured(
    component: Component, secret: str
) -> None:
    lacking = context(component, environments()[0]) | {"secrets": secrets(component, secret)}
    with pytest.raises(AgentError, match=f"uses secret '{secret}'"):
        for template in component.templates:
            render_template(folder(component), template, lacking)


@those(".php")
def test_what_is_php_is_php(component: Component, tmp_path: Path) -> None:
    for number, (path, text) in enumerate(files(component, ".php")):
        file = tmp_path / f"{number}.php"
        file.write_text(text, "utf-8")
        lint = subprocess.run(["php", "-l", file], capture_output=True, text=True, check=False)
        assert lint.returncode == 0, f"{path}: {lint.stdout}"


@those(".json")
def test_what_is_json_is_json_and_awkward_values_arrive_whole(component: Component) -> None:
    for _, text in files(component, ".json"):
        assert json.dumps(AWKWARD)[1:-1] in json.dumps(json.loads(text))


@those(".ini")
def test_what_is_ini_is_ini_and_every_value_arrives_whole(component: Component) -> None:
    for _, text in files(component, ".ini"):
        settings = configparser.RawConfigParser()
        settings.read_string(text)
        assert settings["app:main"]["api.secret"] == AWKWARD


def test_piwik_reads_every_value_whole(tmp_path: Path) -> None:
    decode = "echo json_encode(parse_ini_file($argv[1], true, INI_SCANNER_RAW));"
    for environment in environments():
        stats = site().component("stats")
        (file := tmp_path / "config.ini").write_text(dict(texts(stats, environment))[PIWIK])
        read = subprocess.run(["php", "-r", decode, file], capture_output=True, check=True)
        settings = json.loads(read.stdout)
        decoded = settings["database"]["password"].replace("&quot;", '"').replace("&amp;", "&")
        assert decoded == AWKWARD
        assert settings["General"]["trusted_hosts"] == [environment.host(stats)]


@each_component
def test_nothing_that_is_packed_or_configured_names_a_domain(component: Component) -> None:
    domains = re.compile("|".join(re.escape(e.domain) for e in environments()), re.IGNORECASE)
    for path in site().component_folder(component).rglob("*"):
        if path.is_file():
            lines = path.read_text("utf-8").splitlines()
            ours = [line for line in lines if not line.startswith("repository = ")]
            assert not [line for line in ours if domains.search(line)], path


@each_component
def test_nothing_asks_which_environment_it_is_in(component: Component) -> None:
    literal = re.compile(r"\b(staging|production)\b")
    own = site().component_folder(component)
    for path in (*(own / "templates").rglob("*.j2"), *(own / "patches").rglob("*.patch")):
        assert not literal.search(path.read_text("utf-8")), path
    # What a build command says to a program of others is their word, not ours.
    said = component.model_dump_json(exclude={"build", "test", "templates"})
    assert not literal.search(said)


def test_nothing_else_names_the_site() -> None:
    words = ("webplatform.org", "webplatformstaging", "github.com/webplatform")
    patterns = [part for word in words for part in ("-e", word)]
    found = subprocess.run(
        ["git", "-C", ROOT, "grep", "-I", "-i", "-l", "-F", *patterns, "--", *LEFT_ALONE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stdout) == (1, ""), found.stdout or found.stderr


def test_every_file_names_its_schema_and_says_what_it_is_for() -> None:
    for path in FOLDER.rglob("*.toml"):
        schema, comment, *_ = path.read_text("utf-8").splitlines()
        target = path.parent / schema.removeprefix("#:schema ")
        assert target.resolve().parent == ROOT / "model" / "schema", path
        assert target.is_file(), path
        assert re.match(r"# [A-Z].*\.$", comment), path
