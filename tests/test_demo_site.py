"""The demo site: its data loads, and what it names exists."""

import re
from functools import cache
from pathlib import Path

import pytest
from jinja2 import Environment, StrictUndefined
from jinja2.nodes import Const, Getattr, Getitem, Name
from unidiff.patch import PatchSet

from model.component import Component
from model.mirrors import Mirror, Mirrors
from model.reading import read
from model.site import Site, read_site

FOLDER = Path(__file__).parents[1] / "sites" / "demo"
CONTEXT: dict[str, set[str]] = {
    "environment": {"name", "indexed"},
    "host": set(),
    "url": set(),
    "component": set(),
    "digest": set(),
    "release": set(),
    "shared": set(),
    "database": {"name", "user", "password", "socket"},
}


@cache
def demo() -> Site:
    return read_site(FOLDER)


@cache
def mirrors() -> tuple[Mirror, ...]:
    return read(FOLDER / "mirrors.toml", Mirrors).mirrors


def names(component: Component) -> set[tuple[str, str | None]]:
    """What the templates of a component name: `('database', 'user')`, `('url', None)`."""
    found: set[tuple[str, str | None]] = set()
    for template in component.templates:
        text = (demo().component_folder(component) / "templates" / template).read_text("utf-8")
        tree = Environment(undefined=StrictUndefined, autoescape=False).parse(text)  # noqa: S701  # PHP, not HTML
        found |= {(name.name, None) for name in tree.find_all(Name)}
        for part in tree.find_all((Getattr, Getitem)):
            if isinstance(part, Getattr) and isinstance(part.node, Name):
                found.add((part.node.name, part.attr))
            elif isinstance(part, Getitem) and isinstance(part.node, Name):
                key = part.arg.value if isinstance(part.arg, Const) else None
                found.add((part.node.name, key))
    return found


def patches(component: Component) -> list[Path]:
    return [demo().component_folder(component) / "patches" / name for name in component.patches]


each_component = pytest.mark.parametrize("component", demo().components, ids=lambda c: c.name)


def test_staging_comes_before_production_and_only_production_is_indexed() -> None:
    staging, production = demo().environments
    assert (staging.name, staging.indexed) == ("staging", False)
    assert (production.name, production.indexed) == ("production", True)
    assert demo().source_of(production) == staging


def test_the_environments_share_no_port_and_no_host() -> None:
    ports = [port for e in demo().environments for port in (e.http_port, e.https_port)]
    assert len(set(ports)) == len(ports)
    assert len(set(demo().hosts)) == len(demo().components) * len(demo().environments)


@each_component
def test_templates_name_only_what_a_deployment_gives_them(component: Component) -> None:
    allowed: set[tuple[str, str | None]] = {(name, None) for name in (*CONTEXT, "secrets")}
    allowed |= {(name, key) for name, keys in CONTEXT.items() for key in keys}
    allowed |= {("secrets", secret) for secret in component.secrets}
    assert names(component) <= allowed


@each_component
def test_each_declared_secret_is_used_in_a_template(component: Component) -> None:
    used = {key for name, key in names(component) if name == "secrets" and key}
    assert used == set(component.secrets)


@each_component
def test_each_patch_has_an_author_and_a_subject_and_parses(component: Component) -> None:
    for path in patches(component):
        text = path.read_text("utf-8")
        assert re.search(r"^From: .+ <\S+@\S+>$", text, re.MULTILINE), path
        assert re.search(r"^Subject: \[PATCH \d+/\d+\] \S", text, re.MULTILINE), path
        assert all(file.added or file.removed for file in PatchSet(text)), path


@pytest.mark.parametrize("name", ["blog", "docs"])
def test_the_applications_carry_at_least_two_patches(name: str) -> None:
    assert len(demo().component(name).patches) >= 2


@each_component
def test_nothing_that_is_built_names_a_host_of_an_environment(component: Component) -> None:
    folder = demo().component_folder(component)
    ours = [*patches(component), *(folder / "templates" / name for name in component.templates)]
    ours += [path for path in (FOLDER / "mirrors").rglob("*") if path.is_file()]
    for path in ours:
        assert not [host for host in demo().hosts if host in path.read_text("utf-8")], path


@each_component
def test_each_source_has_a_mirror_that_offers_what_is_followed(component: Component) -> None:
    for source in component.sources:
        mirror = next(m for m in mirrors() if m.repository == source.repository)
        assert mirror.branch == source.branch if source.branch else mirror.tagged


@each_component
def test_each_component_has_a_change_to_show(component: Component) -> None:
    followed = {source.repository for source in component.sources if source.branch}
    assert [m for m in mirrors() if m.change and m.repository in followed]


def test_a_change_of_our_own_files_finds_its_place_once_before_and_after() -> None:
    for mirror in mirrors():
        if mirror.files and (edit := mirror.change):
            text = (FOLDER / mirror.files / edit.file).read_text("utf-8")
            after, places = re.subn(edit.find, edit.write.replace("{number}", "12"), text)
            assert places == len(re.findall(edit.find, after)) == 1
            assert edit.shows.replace("{number}", "12") in after


def test_every_file_names_its_schema_and_says_what_it_is_for() -> None:
    for path in FOLDER.rglob("*.toml"):
        schema, comment, *_ = path.read_text("utf-8").splitlines()
        target = path.parent / schema.removeprefix("#:schema ")
        assert target.resolve().parent == FOLDER.parents[1] / "model" / "schema", path
        assert re.match(r"# [A-Z].*\.$", comment), path
