"""A component: one deployable part of the site, as its folder describes it."""

import re
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic.json_schema import SkipJsonSchema

from model.reading import Command, Model, Name, Repository, TreePath


def regular_expression(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as mistake:
        raise ValueError(f"is not a regular expression: {mistake}") from None
    return pattern


class Source(Model):
    """A repository, followed by release tags or by a branch."""

    repository: Repository
    release: str | None = None
    """One tag (`6.1.9`), or a series to follow, in which `*` stands for anything (`6.1.*`)."""
    branch: str | None = None
    """Follow this branch instead of releases."""
    tags: Annotated[str, AfterValidator(regular_expression)] = r"^v?\d+(\.\d+)*$"
    """Which tags are releases at all: a regular expression."""

    @model_validator(mode="after")
    def one_of_release_and_branch(self) -> Self:
        if (self.release is None) == (self.branch is None):
            raise ValueError("give exactly one of 'release' and 'branch'")
        return self

    @property
    def follows(self) -> str:
        """What is built, in words: `releases 6.1.*` or `branch main`."""
        return f"branch {self.branch}" if self.branch else f"releases {self.release}"


class Overlay(Source):
    """Another repository laid into a path of the tree: a theme, a skin, an extension."""

    into: TreePath


class Database(Model):
    """The component's own schema and user in each environment."""

    engine: Literal["mariadb"]
    install: tuple[Command, ...] = ()
    """Run once in the release's folder, when the schema is empty."""
    migrate: tuple[Command, ...] = ()
    """Run in the release's folder before each switch; the database is backed up first."""


class Serve(Model):
    """What the web server does with the release's folder."""

    root: TreePath | None = None
    """The folder to serve; the whole release when absent."""
    writable: tuple[TreePath, ...] = ()
    """Folders that outlive releases, such as uploads."""
    hidden: tuple[Annotated[str, StringConstraints(pattern=r"^/\S+$")], ...] = ()
    """URL paths answered with 404; `*` stands for anything."""

    @model_validator(mode="after")
    def nothing_writable_around_the_root(self) -> Self:
        root = PurePosixPath(self.root or ".")
        around = [path for path in self.writable if root.is_relative_to(path)]
        if around:
            raise ValueError(f"'{around[0]}' in 'writable' holds the whole of 'root'")
        return self


class Check(Model):
    """A page that must answer before and after the switch."""

    path: Annotated[str, StringConstraints(pattern=r"^/\S*$")] = "/"
    status: Annotated[int, Field(ge=100, le=599)] = 200
    contains: str | None = None

    def __str__(self) -> str:
        containing = f" containing '{self.contains}'" if self.contains else ""
        return f"GET {self.path} -> {self.status}{containing}"


class Component(Model):
    """One deployable part of the site: `components/<name>/component.toml`."""

    name: SkipJsonSchema[Name]
    title: str
    runtime: Literal["php", "static"]
    host: Annotated[str, StringConstraints(pattern=r"^([a-z0-9-]+(\.[a-z0-9-]+)*)?$")]
    """The label before each environment's domain; empty for the bare domain."""
    upstream: Source
    overlays: tuple[Overlay, ...] = ()
    build: tuple[Command, ...] = ()
    """Commands that make what is served, run in the patched tree."""
    output: TreePath | None = None
    """The folder that the build commands make; the whole tree when absent."""
    test: tuple[Command, ...] = ()
    """Commands run in the built tree; the first that fails stops the build."""
    database: Database | None = None
    serve: Serve = Serve()
    checks: Annotated[tuple[Check, ...], Field(min_length=1)] = (Check(),)
    secrets: tuple[Name, ...] = ()
    """Names of the secrets that the templates use; each environment has its own values."""
    patches: SkipJsonSchema[tuple[str, ...]] = ()
    """File names in `patches/`, in order."""
    templates: SkipJsonSchema[tuple[str, ...]] = ()
    """File names below `templates/`, each ending in `.j2`; the rest is its path in a release."""

    @property
    def builder(self) -> str:
        return f"{self.name}-build"

    @property
    def sources(self) -> tuple[Source, ...]:
        return (self.upstream, *self.overlays)
