"""A site: the components and environments that one master looks after."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import Field

from model.component import Component
from model.environment import SITE, Environment
from model.freeze import FreezeWindow
from model.reading import InvalidSite, Model, Name, read

T = TypeVar("T")


class SiteFile(Model):
    """What `site.toml` itself says."""

    title: str
    releasers: tuple[Name, ...]
    """Who may promote, roll back and release holds: names that the login page knows."""
    poll_seconds: Annotated[int, Field(ge=1)]
    """How often each repository is looked at; a webhook makes it sooner."""
    health_seconds: Annotated[int, Field(ge=1)] = 60
    """How often each live release is asked for a page, as visitors do."""
    order: tuple[Name, ...] = ()
    """The components that are promoted first when all are, in this order; the others follow."""
    freezes: tuple[FreezeWindow, ...] = ()
    """When nothing is promoted, unless somebody says why it cannot wait."""
    two_person: tuple[Name, ...] = ()
    """Environments to which nobody promotes what no other releaser has approved."""


class Site(SiteFile):
    """A folder under `sites/`, read and checked as a whole."""

    folder: Path
    components: tuple[Component, ...]
    environments: tuple[Environment, ...]

    def source_of(self, environment: Environment) -> Environment | None:
        """The environment that releases come from on their way to this one."""
        return next((e for e in self.environments if e.name == environment.promotes_from), None)

    def component(self, name: str) -> Component:
        return next(component for component in self.components if component.name == name)

    def environment(self, name: str) -> Environment:
        return next(environment for environment in self.environments if environment.name == name)

    def home(self, lane: str) -> Environment | None:
        """The environment whose project has the machines of the lane `build` or `review`."""
        places = (e for e in self.environments if e.openstack and lane in e.openstack.lanes)
        return next(places, None)

    @property
    def trial_components(self) -> tuple[Component, ...]:
        """The components whose changes are tried on upstream's newer releases."""
        return tuple(component for component in self.components if component.has_trials)

    @property
    def ordered(self) -> tuple[Component, ...]:
        """The components in the order in which all of them are promoted."""
        rank = {name: number for number, name in enumerate(self.order)}
        return tuple(sorted(self.components, key=lambda c: rank.get(c.name, len(rank))))

    def freeze_windows(self, environment: Environment) -> tuple[FreezeWindow, ...]:
        """Those that concern an environment to which releases are promoted."""
        return tuple(
            window
            for window in self.freezes
            if environment.promotes_from
            and environment.name in (window.environments or (environment.name,))
        )

    def component_folder(self, component: Component) -> Path:
        return self.folder / "components" / component.name

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every environment's host names, which no artifact may hold."""
        labels = {label for component in self.components for label in component.labels}
        return tuple(sorted({e.address(label) for e in self.environments for label in labels}))


def read_site(folder: Path, environments: str = "environments") -> Site:
    """Read a site's folder; raises InvalidSite with all mistakes of all its files."""
    own, wrong_site = every([folder / "site.toml"], lambda path: read(path, SiteFile))
    components, wrong_components = every(sorted((folder / "components").glob("*/")), read_component)
    places, wrong_places = every(
        sorted((folder / environments).glob("*.toml")),
        lambda path: read(path, Environment, name=path.stem),
    )
    mistakes = [*wrong_site, *wrong_components, *wrong_places]
    if not mistakes:
        mistakes = disagreements(folder, environments, components, places)
        mistakes += unknown_names(folder / "site.toml", own[0], components, places)
    if mistakes:
        raise InvalidSite(mistakes)
    return Site(
        **own[0].model_dump(),
        folder=folder,
        components=tuple(components),
        environments=promotion_order(folder / environments, places),
    )


def every(paths: list[Path], reader: Callable[[Path], T]) -> tuple[list[T], list[str]]:
    """What could be read of these paths, and every mistake in the others."""
    found: list[T] = []
    mistakes: list[str] = []
    for path in paths:
        try:
            found.append(reader(path))
        except InvalidSite as invalid:
            mistakes += invalid.mistakes
    return found, mistakes


def read_component(folder: Path) -> Component:
    """Read one component's folder: its file, and the names of its patches and templates."""
    templates = [path for path in sorted((folder / "templates").rglob("*")) if path.is_file()]
    strays = [path for path in templates if path.suffix != ".j2"]
    if strays:
        raise InvalidSite(f"{path}: a template's name ends in .j2" for path in strays)
    return read(
        folder / "component.toml",
        Component,
        name=folder.name,
        patches=tuple(
            path.relative_to(folder / "patches").as_posix()
            for path in sorted((folder / "patches").rglob("*.patch"))
        ),
        templates=tuple(path.relative_to(folder / "templates").as_posix() for path in templates),
    )


def disagreements(
    site: Path, environments: str, components: list[Component], places: list[Environment]
) -> list[str]:
    """What no file says wrong by itself: names that meet in no or in the same place."""
    names = [environment.name for environment in places]
    mistakes = [
        f"{site / environments / place.name}.toml: key 'promotes_from': no environment "
        f"'{place.promotes_from}'; expected one of {', '.join(names)}"
        for place in places
        if place.promotes_from not in (None, *names)
    ]
    mistakes += [
        f"{site / environments / place.name}.toml: key 'openstack.{lane}': only an environment "
        "without the key 'promotes_from' builds; this one deploys"
        for place in places
        if place.openstack and place.promotes_from
        for lane in place.openstack.lanes
        if lane != "deploy"
    ]
    if not places:
        mistakes.append(f"{site / environments}: no environment here; add one as <name>.toml")
    elif all(place.promotes_from for place in places):
        mistakes.append(
            f"{site / environments}: no environment takes green builds; "
            "one must be without the key 'promotes_from'"
        )
    owners: dict[str, str] = {}
    for component in components:
        for label in component.labels:
            if owner := owners.get(label):
                file = site / "components" / component.name / "component.toml"
                mistakes.append(f"{file}: key 'host': {owner} has '{label}' already")
            owners[label] = component.name
    return mistakes


def unknown_names(
    file: Path, own: SiteFile, components: list[Component], places: list[Environment]
) -> list[str]:
    """Names in `site.toml` that mean nothing, and the one that no component may have."""
    known = [component.name for component in components]
    promoted = [place.name for place in places if place.promotes_from]
    named = [
        *(("order", name, known) for name in own.order),
        *(("two_person", name, promoted) for name in own.two_person),
        *(("freezes", name, promoted) for window in own.freezes for name in window.environments),
    ]
    mistakes = [
        f"{file}: key '{key}': no '{name}' there; expected one of {', '.join(allowed) or 'none'}"
        for key, name, allowed in named
        if name not in allowed
    ]
    if SITE in known:
        folder = file.parent / "components" / SITE
        mistakes.append(f"{folder}: a component cannot be called '{SITE}', which means all of them")
    return mistakes


def promotion_order(folder: Path, environments: list[Environment]) -> tuple[Environment, ...]:
    """The environments in the order in which a release meets them.

    Raises InvalidSite when some promote from each other in a circle.
    """
    ordered: list[Environment] = []
    while len(ordered) < len(environments):
        met = {None, *(environment.name for environment in ordered)}
        ready = [e for e in environments if e not in ordered and e.promotes_from in met]
        if not ready:
            circle = ", ".join(e.name for e in environments if e not in ordered)
            raise InvalidSite([f"{folder}: {circle} promote from each other in a circle"])
        ordered += ready
    return tuple(ordered)
