"""The templates of every site: they name what a deployment gives them, and nothing else."""

import pytest
from jinja2 import Environment, StrictUndefined
from jinja2.nodes import Const, Getattr, Getitem, Name

from model.component import Component
from model.site import Site, read_site
from tests.conftest import ROOT

CONTEXT: dict[str, set[str]] = {
    "environment": {"name", "indexed"},
    "host": set(),
    "url": set(),
    "component": set(),
    "digest": set(),
    "release": set(),
    "shared": set(),
}
LOGIN = {"name", "user", "password", "socket"}
SITES = [read_site(folder.parent) for folder in sorted((ROOT / "sites").glob("*/site.toml"))]
COMPONENTS = [(site, component) for site in SITES for component in site.components]

each_component = pytest.mark.parametrize(
    ("site", "component"), COMPONENTS, ids=[f"{s.folder.name}-{c.name}" for s, c in COMPONENTS]
)


def names(site: Site, component: Component) -> set[tuple[str, str | None]]:
    """What the templates of a component name: `('database', 'user')`, `('url', None)`."""
    found: set[tuple[str, str | None]] = set()
    for template in component.templates:
        text = (site.component_folder(component) / "templates" / template).read_text("utf-8")
        tree = Environment(undefined=StrictUndefined, autoescape=False).parse(text)  # noqa: S701  # PHP, not HTML
        found |= {(name.name, None) for name in tree.find_all(Name)}
        for part in tree.find_all((Getattr, Getitem)):
            if isinstance(part, Getattr) and isinstance(part.node, Name):
                found.add((part.node.name, part.attr))
            elif isinstance(part, Getitem) and isinstance(part.node, Name):
                key = part.arg.value if isinstance(part.arg, Const) else None
                found.add((part.node.name, key))
    return found


@each_component
def test_templates_name_only_what_a_deployment_gives_them(site: Site, component: Component) -> None:
    given = {**CONTEXT, "secrets": set(component.secrets)}
    given |= {"database": LOGIN} if component.database else {}
    given |= {"services": {s.name for s in component.services}} if component.services else {}
    allowed: set[tuple[str, str | None]] = {(name, None) for name in given}
    allowed |= {(name, key) for name, keys in given.items() for key in keys}
    assert names(site, component) <= allowed


@each_component
def test_each_declared_secret_is_used_in_a_template(site: Site, component: Component) -> None:
    used = {key for name, key in names(site, component) if name == "secrets" and key}
    assert used == set(component.secrets)
