"""The demo site: its data loads, and what it names exists."""

import json
import re
from functools import cache
from pathlib import Path

import pytest
from unidiff.patch import PatchSet

from model.component import Component
from model.mirrors import Mirror, Mirrors
from model.reading import read
from model.site import Site, read_site

FOLDER = Path(__file__).parents[1] / "sites" / "demo"


@cache
def demo() -> Site:
    return read_site(FOLDER)


@cache
def mirrors() -> tuple[Mirror, ...]:
    return read(FOLDER / "mirrors.toml", Mirrors).mirrors


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
def test_each_service_has_the_template_of_its_environment(component: Component) -> None:
    assert {f".slipway/{s.name}.env.j2" for s in component.services} <= set(component.templates)


@each_component
def test_each_lock_file_has_hashes_and_names_no_registry(component: Component) -> None:
    files = [m.files for m in mirrors() if m.repository == component.upstream.repository]
    for lock in component.locks:
        text = (FOLDER / str(files[0]) / lock).read_text("utf-8")
        assert '"resolved"' not in text
        assert "index-url" not in text
        assert locked(lock, text)
        assert all(locked(lock, text).values())


def locked(lock: str, text: str) -> dict[str, object]:
    """The packages of a lock file, each with its hashes."""
    if lock.endswith(".json"):
        packages = json.loads(text)["packages"]
        return {name: package.get("integrity") for name, package in packages.items() if name}
    entries = re.findall(r"^(\w\S*)==\S+ \\\n((?:    --hash=\S+.*\n)*)", text, re.MULTILINE)
    return dict(entries)


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
        offered = {mirror.branch, *mirror.branches.values()}
        assert source.branch in offered if source.branch else mirror.tagged


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
