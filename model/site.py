"""A site: the components and environments that one master looks after."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import Field

from model.component import Component
from model.encoding import wrong_byte, wrong_line
from model.environment import Environment
from model.freeze import FreezeWindow
from model.reading import InvalidSite, Model, Name, read
from model.retention import Retention
from model.site_checks import (
    Parts,
    environment_errors,
    promotion_order,
)
from model.site_collisions import collisions

T = TypeVar("T")


class SiteFile(Model):
    """The keys of `site.toml`."""

    title: str
    releasers: tuple[Name, ...]
    """Who may promote, roll back and lift holds: names that the login page knows."""
    poll_seconds: Annotated[int, Field(ge=1)]
    """How often each repository is polled; a webhook polls it at once."""
    git_seconds: Annotated[int, Field(ge=1)] = 60
    """How long a repository's server may be silent, until a poll or a build gives up."""
    health_seconds: Annotated[int, Field(ge=1)] = 60
    """How often a page of each live release is requested, as visitors do."""
    order: tuple[Name, ...] = ()
    """The first components of a promotion of all of them, in order; the others follow."""
    freezes: tuple[FreezeWindow, ...] = ()
    """Times without promotions, except with a reason to override them."""
    two_person: tuple[Name, ...] = ()
    """Environments for which another releaser must approve each promotion."""
    retention: Retention = Retention()
    """How long artifacts and logs are kept."""


class Site(SiteFile):
    """The components and environments that one master looks after: a folder under `sites/`."""

    folder: Path
    components: tuple[Component, ...]
    environments: tuple[Environment, ...]

    def source_of(self, environment: Environment) -> Environment | None:
        """The environment from which releases are promoted to this one."""
        return next((e for e in self.environments if e.name == environment.promotes_from), None)

    def component(self, name: str) -> Component:
        return next(component for component in self.components if component.name == name)

    def environment(self, name: str) -> Environment:
        return next(environment for environment in self.environments if environment.name == name)

    def lane_environment(self, lane: str) -> Environment | None:
        """The environment whose project has the machines of the lane `build` or `review`."""
        environments = (e for e in self.environments if e.openstack and lane in e.openstack.lanes)
        return next(environments, None)

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
        """The freeze windows of an environment; none unless releases are promoted to it."""
        return tuple(
            window
            for window in self.freezes
            if environment.promotes_from
            and environment.name in (window.environments or (environment.name,))
        )

    def component_folder(self, component: Component) -> Path:
        return self.folder / "components" / component.name

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        """The host names of every environment, which no artifact may contain."""
        labels = {label for component in self.components for label in component.labels}
        return tuple(sorted({e.address(label) for e in self.environments for label in labels}))


def fits_anywhere(_: Parts) -> Iterable[str]:
    return ()


def read_site(
    folder: Path,
    environments: str = "environments",
    misfits: Callable[[Parts], Iterable[str]] = fits_anywhere,
) -> Site:
    """Read a site's folder; raises InvalidSite with all errors of all its files.

    `misfits` are further errors of what could be read.
    """
    own, wrong_site = read_each([folder / "site.toml"], lambda path: read(path, SiteFile))
    folders = sorted((folder / "components").glob("*/"))
    components, wrong_components = read_each(folders, read_component)
    files = sorted((folder / environments).glob("*.toml"))
    found, wrong_environments = read_each(
        files, lambda path: read(path, Environment, name=path.stem)
    )
    parts = Parts(folder, folder / environments, tuple(components), tuple(found))
    errors = [*wrong_site, *wrong_components, *wrong_environments]
    if not wrong_environments:
        errors += environment_errors(parts)
    errors += collisions(parts)
    errors += misfits(parts)
    for site_file in own:
        errors += name_errors(
            site_file,
            folder / "site.toml",
            [path.name for path in folders],
            promoted_names(files, found),
        )
    if errors:
        raise InvalidSite(errors)
    return Site(
        **own[0].model_dump(),
        folder=folder,
        components=tuple(components),
        environments=promotion_order(parts.environments),
    )


def read_each(paths: list[Path], reader: Callable[[Path], T]) -> tuple[list[T], list[str]]:
    """The values of the files that could be read, and the errors in the others."""
    values: list[T] = []
    errors: list[str] = []
    for path in paths:
        try:
            values.append(reader(path))
        except InvalidSite as invalid:
            errors += invalid.errors
    return values, errors


def read_component(folder: Path) -> Component:
    """Read one component's folder: its file, and the names of its patches and templates."""
    templates = [path for path in sorted((folder / "templates").rglob("*")) if path.is_file()]
    strays = [path for path in templates if path.suffix != ".j2"]
    errors = [f"{path}: a template's name ends in .j2" for path in strays]
    errors += [f"{path}: {wrong}" for path in templates if (wrong := encoding_error(path))]
    if errors:
        raise InvalidSite(errors)
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


def encoding_error(template: Path) -> str:
    """Why a template cannot be read as text; empty when it can."""
    try:
        template.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        return f"line {wrong_line(error)}: {wrong_byte(error)}, which a template must be"
    return ""


def promoted_names(files: Iterable[Path], found: Iterable[Environment]) -> list[str]:
    """The environments to which releases are promoted, and those whose files have errors."""
    first = {environment.name for environment in found if not environment.promotes_from}
    return [path.stem for path in files if path.stem not in first]


def name_errors(
    site: SiteFile, file: Path, components: Sequence[str], promoted: Sequence[str]
) -> list[str]:
    """Unknown names in `site.toml`."""
    references = [
        *(("order", name, components) for name in site.order),
        *(("two_person", name, promoted) for name in site.two_person),
        *(("freezes", name, promoted) for window in site.freezes for name in window.environments),
    ]
    return [
        f"{file}: key '{key}': no '{name}' there; expected one of {', '.join(allowed) or 'none'}"
        for key, name, allowed in references
        if name not in allowed
    ]
