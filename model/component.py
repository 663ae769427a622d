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


Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{7,40}$")]
"""A commit's id, or the beginning of one, which costs fetching the repository's whole history."""


HostLabel = Annotated[str, StringConstraints(pattern=r"^([a-z0-9-]+(\.[a-z0-9-]+)*)?$")]

Runtime = Literal["php", "static", "node", "python"]

SERVED_BY_SERVICES: tuple[Runtime, ...] = ("node", "python")
"""Runtimes whose releases are processes of their own."""


class Fork(Model):
    """Our changes as commits: those of `base..branch`, applied in order, merges left out."""

    repository: Repository
    branch: str
    base: str
    """The commit or tag of the fork that our first commit stands on."""

    @property
    def source(self) -> "Source":
        """The branch as something to follow."""
        return Source(repository=self.repository, branch=self.branch)


class Source(Model):
    """A repository, followed by release tags or by a branch, or pinned to a commit."""

    repository: Repository
    release: str | None = None
    """One tag (`6.1.9`), or a series to follow, in which `*` stands for anything (`6.1.*`)."""
    branch: str | None = None
    """Follow this branch instead of releases."""
    commit: Commit | None = None
    """Follow nothing: stay at this commit."""
    tags: Annotated[str, AfterValidator(regular_expression)] = r"^v?\d+(\.\d+)*$"
    """Which tags are releases at all: a regular expression."""
    fork: Fork | None = None
    """Commits of ours to apply to what is followed, before the patches."""

    @model_validator(mode="after")
    def one_of_release_branch_and_commit(self) -> Self:
        if sum(given is not None for given in (self.release, self.branch, self.commit)) != 1:
            raise ValueError("give exactly one of 'release', 'branch' and 'commit'")
        return self

    @property
    def follows(self) -> str:
        """What is built, in words: `releases 6.1.*`, `branch main` or `commit 2c49c4b0`."""
        if self.branch:
            return f"branch {self.branch}"
        return f"releases {self.release}" if self.release else f"commit {self.commit}"


class Overlay(Source):
    """Another repository laid into a path of the tree: a theme, a skin, an extension."""

    into: TreePath


class Rewrite(Model):
    """One rule for the addresses in `.gitmodules`, the first that matches decides."""

    find: Annotated[str, AfterValidator(regular_expression)]
    """What of the address is replaced: a regular expression."""
    write: str
    """What takes its place; `\\1` is the first group of `find`."""


class Submodules(Model):
    """How the upstream's submodules are had; each at the commit that the tree records."""

    rewrite: tuple[Rewrite, ...] = ()
    """Where to find what the upstream says is somewhere else."""
    leave_out: tuple[TreePath, ...] = ()
    """Paths of submodules that the release does without."""


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


class Service(Model):
    """A process of a `node` or `python` release; it listens on a socket of its own."""

    name: Name
    command: Command
    """Run in the release's folder; `{socket}` in it is the path of the socket to listen on."""
    host: HostLabel | None = None
    """The label before each environment's domain; the first service answers at the component's
    own host, another without this key is reached by its socket only."""
    health: Annotated[str, StringConstraints(pattern=r"^/\S*$")] = "/"
    """Asked for on its socket until it answers with 200; then the next service is started."""


LOCKS = {"package-lock.json": "npm", "npm-shrinkwrap.json": "npm", "composer.lock": "composer"}
"""File names by which a lock file is known; `requirements*.txt` and `*.lock` are pip's."""


def installer(lock: str) -> str:
    """The program that installs what a lock file lists."""
    name = PurePosixPath(lock).name
    if name not in LOCKS and not re.fullmatch(r"requirements[\w.-]*\.(txt|lock)", name):
        known = ", ".join((*LOCKS, "requirements*.txt", "requirements*.lock"))
        raise ValueError(f"'{lock}' is no lock file that we know; expected one of {known}")
    return LOCKS.get(name, "pip")


def lock_file(path: str) -> str:
    installer(path)
    return path


class Component(Model):
    """One deployable part of the site: `components/<name>/component.toml`."""

    name: SkipJsonSchema[Name]
    title: str
    runtime: Runtime
    runtime_version: str | None = None
    """Which versions of the runtime can run this (`8.*`); a server with another refuses it."""
    host: HostLabel
    """The label before each environment's domain; empty for the bare domain."""
    upstream: Source
    overlays: tuple[Overlay, ...] = ()
    submodules: Submodules = Submodules()
    locks: tuple[Annotated[TreePath, AfterValidator(lock_file)], ...] = ()
    """Lock files whose dependencies are installed beside them in the build, hashes verified."""
    build: tuple[Command, ...] = ()
    """Commands that make what is served, run in the patched tree."""
    output: TreePath | None = None
    """The folder that the build commands make; the whole tree when absent."""
    test: tuple[Command, ...] = ()
    """Commands run in the built tree; the first that fails stops the build."""
    services: tuple[Service, ...] = ()
    """The processes of a `node` or `python` release, in the order in which they start."""
    database: Database | None = None
    serve: Serve = Serve()
    checks: Annotated[tuple[Check, ...], Field(min_length=1)] = (Check(),)
    secrets: tuple[Name, ...] = ()
    """Names of the secrets that the templates use; each environment has its own values."""
    patches: SkipJsonSchema[tuple[str, ...]] = ()
    """File names below `patches/`, in order; a folder in it is the path of what they change."""
    templates: SkipJsonSchema[tuple[str, ...]] = ()
    """File names below `templates/`, each ending in `.j2`; the rest is its path in a release."""

    @model_validator(mode="after")
    def services_belong_to_runtimes_that_run(self) -> Self:
        runs = self.runtime in SERVED_BY_SERVICES
        if runs != bool(self.services):
            either = "needs at least one of" if runs else "has no"
            raise ValueError(f"runtime '{self.runtime}' {either} 'services'")
        return self

    @model_validator(mode="after")
    def no_template_lies_where_visitors_write(self) -> Self:
        for template in self.templates:
            for path in self.serve.writable:
                if PurePosixPath(template).is_relative_to(path):
                    raise ValueError(f"template '{template}' lies in '{path}', which is 'writable'")
        return self

    @model_validator(mode="after")
    def services_are_told_apart(self) -> Self:
        names = [service.name for service in self.services]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"two 'services' are called '{twice[0]}'")
        if self.services and self.services[0].host is not None:
            raise ValueError("the first of 'services' answers at 'host' and has none of its own")
        return self

    @property
    def builder(self) -> str:
        return f"{self.name}-build"

    @property
    def trial_builder(self) -> str:
        """The builder that tries our changes on upstream's newer releases."""
        return f"{self.name}-upstream"

    @property
    def has_trials(self) -> bool:
        """Whether our changes are tried on upstream's newer releases.

        A branch needs no trial: every commit of it is built. A pinned commit stays, so that only
        changes of ours make a trial worthwhile.
        """
        return bool(self.upstream.release or (self.upstream.commit and self.changed))

    @property
    def changed(self) -> bool:
        """Whether anything of ours is applied to somebody else's code."""
        return bool(self.patches) or any(source.fork for source in self.sources)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Everything that is laid into the tree: the upstream, then the overlays."""
        return (self.upstream, *self.overlays)

    @property
    def followed(self) -> tuple[Source, ...]:
        """Everything whose changes start a build; what is pinned to a commit does not change."""
        forks = (source.fork.source for source in self.sources if source.fork)
        return (*(source for source in self.sources if not source.commit), *forks)

    @property
    def labels(self) -> tuple[str, ...]:
        """Every host label that the component answers at, its own first."""
        return (self.host, *(s.host for s in self.services if s.host is not None))

    @property
    def public_services(self) -> tuple[tuple[Service, str], ...]:
        """The services that have a host, each with its label; the first has the component's."""
        first = ((service, self.host) for service in self.services[:1])
        rest = ((service, service.host) for service in self.services[1:])
        return tuple((s, label) for s, label in (*first, *rest) if label is not None)

    def series(self, path: str) -> tuple[str, ...]:
        """The patches for what lies at a path of the tree; `""` for the upstream itself."""
        return tuple(name for name in self.patches if name.rpartition("/")[0] == path)

    @property
    def patched_paths(self) -> tuple[str, ...]:
        """The paths within the tree that have a series of their own."""
        folders = (name.rpartition("/")[0] for name in self.patches)
        return tuple(dict.fromkeys(folder for folder in folders if folder))
