"""A component: one deployable part of a site, a folder under `sites/<site>/components/`."""

import re
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic.json_schema import SkipJsonSchema

from model.reading import (
    Branch,
    Command,
    Model,
    Name,
    Repository,
    TreePath,
    UrlPath,
    host_name,
)
from model.waiver import Waiver


def regular_expression(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    return pattern


Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{7,40}$")]
"""A commit's id, or its beginning: to complete that, the list of all commits is fetched."""

HostLabel = Annotated[
    str, StringConstraints(pattern=r"^([a-z0-9-]+(\.[a-z0-9-]+)*)?$"), AfterValidator(host_name)
]

Runtime = Literal["php", "static", "node", "python"]
"""The kind of application: how servers run its releases.

"Add a runtime" in `CONTRIBUTING.md` names what else a new one needs.
"""

SERVED_BY_SERVICES: tuple[Runtime, ...] = ("node", "python")
"""Runtimes whose releases are processes of their own, described by `services`."""


class Fork(Model):
    """Our patch series as commits of a fork: `base..branch`, in order, without merges."""

    repository: Repository
    branch: Branch
    base: str
    """The commit or tag below our first commit."""

    @property
    def source(self) -> "Source":
        """The branch as a source to follow."""
        return Source(repository=self.repository, branch=self.branch)


class Source(Model):
    """A repository that follows release tags or a branch, or is pinned to a commit."""

    repository: Repository
    release: str | None = None
    """One tag (`6.1.9`), or a series to follow, in which `*` stands for anything (`6.1.*`)."""
    branch: Branch | None = None
    """Follow this branch instead of releases."""
    commit: Commit | None = None
    """Stay at this commit."""
    moved_to: Commit | None = None
    """Upstream has moved a release tag, and it is taken at this commit."""
    tags: Annotated[str, AfterValidator(regular_expression)] = r"^v?\d+(\.\d+)*$"
    """Which tags are releases: a regular expression."""
    fork: Fork | None = None
    """Our commits, which are applied before the patches."""

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
    """Another repository, added to the tree at a path: a theme, a skin, an extension."""

    into: TreePath


class Rewrite(Model):
    """One rule for the addresses in `.gitmodules`; the first rule that matches is applied."""

    find: Annotated[str, AfterValidator(regular_expression)]
    """The part of the address to replace: a regular expression."""
    write: str
    """The replacement; `\\1` is the first group of `find`."""


class Submodules(Model):
    """How the upstream's submodules are fetched, each at the commit that the tree records."""

    rewrite: tuple[Rewrite, ...] = ()
    """Other addresses for those that the upstream records."""
    leave_out: tuple[TreePath, ...] = ()
    """Paths of submodules that the release leaves out."""


class Database(Model):
    """The component's own schema and user in each environment."""

    engine: Literal["mariadb"]
    install: tuple[Command, ...] = ()
    """Run once in the release's folder, when the schema is empty."""
    migrate: tuple[Command, ...] = ()
    """Run in the release's folder on a copy of the database first. If they change something there,
    they run on the database itself before the switch, after a backup; visitors may only read
    meanwhile."""
    online: bool = False
    """The previous release works with the migrated database: visitors may write meanwhile, and
    no backup is restored when the release fails its checks."""


class Serve(Model):
    """What the web server does with the release's folder."""

    root: TreePath | None = None
    """The folder to serve; the whole release when absent."""
    writable: tuple[TreePath, ...] = ()
    """Folders that all releases share, such as uploads."""
    hidden: tuple[Annotated[str, StringConstraints(pattern=r"^/\S+$")], ...] = ()
    """URL paths answered with 404; `*` stands for anything."""

    @model_validator(mode="after")
    def root_is_outside_writable_paths(self) -> Self:
        root = PurePosixPath(self.root or ".")
        around = [path for path in self.writable if root.is_relative_to(path)]
        if around:
            raise ValueError(f"'{around[0]}' in 'writable' holds the whole of 'root'")
        return self


WITHOUT_CONTENT = (204, 205, 304)
"""Statuses of HTTP whose answers have no content."""


class Check(Model):
    """A page that a release must serve before and after the switch."""

    path: UrlPath = "/"
    status: Annotated[int, Field(ge=200, le=599)] = 200
    contains: str | None = None

    @model_validator(mode="after")
    def answer_has_content(self) -> Self:
        if self.contains and self.status in WITHOUT_CONTENT:
            raise ValueError(f"an answer with status {self.status} contains nothing")
        return self

    def __str__(self) -> str:
        containing = f" containing '{self.contains}'" if self.contains else ""
        return f"GET {self.path} -> {self.status}{containing}"


class Service(Model):
    """A process of a `node` or `python` release; it listens on a socket of its own."""

    name: Name
    command: Command
    """Run in the release's folder; `{socket}` in it is the path of the socket to listen on."""
    host: HostLabel | None = None
    """The label before each environment's domain. The first service has the component's host;
    another without this key is reached by its socket only."""
    health: UrlPath = "/"
    """The page requested on its socket until it answers with 200; then the next service starts."""


LOCKS = {"package-lock.json": "npm", "npm-shrinkwrap.json": "npm", "composer.lock": "composer"}
"""Names of lock files, with their installers; `requirements*.txt` and `*.lock` are pip's."""


def installer(lock: str) -> str:
    """The program that installs what a lock file lists."""
    name = PurePosixPath(lock).name
    if name not in LOCKS and not re.fullmatch(r"requirements[\w.-]*\.(txt|lock)", name):
        expected = ", ".join((*LOCKS, "requirements*.txt", "requirements*.lock"))
        raise ValueError(f"'{lock}' is no known lock file; expected one of {expected}")
    return LOCKS.get(name, "pip")


def lock_file(path: str) -> str:
    installer(path)
    return path


def hidden_pattern(hidden: str) -> str:
    """The regular expression of one of `serve.hidden`, in which `*` stands for anything."""
    return ".*".join(re.escape(part) for part in hidden.split("*"))


def is_hidden(path: str, hidden: str) -> bool:
    """Whether a path is hidden by one of `serve.hidden`, as the edge decides it."""
    return bool(re.match(f"{hidden_pattern(hidden)}(/|$)", path, re.IGNORECASE))


class Component(Model):
    """One deployable part of a site: `components/<name>/component.toml`."""

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
    """Lock files. The build installs their dependencies beside them and verifies hashes."""
    build: tuple[Command, ...] = ()
    """Commands that build what is served, run in the patched tree."""
    output: TreePath | None = None
    """The folder with the output of the build commands; the whole tree when absent."""
    test: tuple[Command, ...] = ()
    """Commands run after the build commands; the first that fails stops the build."""
    services: tuple[Service, ...] = ()
    """The processes of a `node` or `python` release, in the order in which they start."""
    database: Database | None = None
    serve: Serve = Serve()
    checks: Annotated[tuple[Check, ...], Field(min_length=1)] = (Check(),)
    secrets: tuple[Name, ...] = ()
    """Names of the secrets that the templates use; each environment has its own values."""
    waivers: tuple[Waiver, ...] = ()
    """Findings of the scan for secrets that are none."""
    patches: SkipJsonSchema[tuple[str, ...]] = ()
    """File names in `patches/`, in order; a folder in it is the path of the tree they change."""
    templates: SkipJsonSchema[tuple[str, ...]] = ()
    """File names in `templates/`; without the ending `.j2`, they are paths in a release."""

    @model_validator(mode="after")
    def services_belong_to_runtimes_that_run(self) -> Self:
        runs = self.runtime in SERVED_BY_SERVICES
        if runs != bool(self.services):
            rule = "needs at least one of" if runs else "has no"
            raise ValueError(f"runtime '{self.runtime}' {rule} 'services'")
        return self

    @model_validator(mode="after")
    def checks_request_what_is_not_hidden(self) -> Self:
        for check in self.checks:
            path = check.path.partition("?")[0]
            for hidden in self.serve.hidden:
                if check.status != 404 and is_hidden(path, hidden):
                    raise ValueError(f"'checks' expects {check}, but 'serve.hidden' has '{hidden}'")
        return self

    @model_validator(mode="after")
    def templates_are_outside_writable_paths(self) -> Self:
        for template in self.templates:
            for path in self.serve.writable:
                if PurePosixPath(template).is_relative_to(path):
                    raise ValueError(f"template '{template}' lies in '{path}', which is 'writable'")
        return self

    @model_validator(mode="after")
    def service_names_are_unique(self) -> Self:
        names = [service.name for service in self.services]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"two 'services' are called '{twice[0]}'")
        if self.services and self.services[0].host is not None:
            raise ValueError("the first of 'services' answers at 'host' and has none of its own")
        return self

    @property
    def has_processes(self) -> bool:
        """Whether its code runs on a server; otherwise it is mere files."""
        return self.runtime == "php" or bool(self.services)

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
        return bool(self.upstream.release or (self.upstream.commit and self.has_changes))

    @property
    def has_changes(self) -> bool:
        """Whether we change upstream code, by patches or by a fork."""
        return bool(self.patches) or any(source.fork for source in self.sources)

    @property
    def sources(self) -> tuple[Source, ...]:
        """What the tree is made of: the upstream, then the overlays."""
        return (self.upstream, *self.overlays)

    @property
    def followed(self) -> tuple[Source, ...]:
        """The sources whose changes start a build: all that are not pinned to a commit."""
        forks = (source.fork.source for source in self.sources if source.fork)
        return (*(source for source in self.sources if not source.commit), *forks)

    @property
    def labels(self) -> tuple[str, ...]:
        """The host labels of the component, its own first."""
        return (self.host, *(s.host for s in self.services if s.host is not None))

    @property
    def public_services(self) -> tuple[tuple[Service, str], ...]:
        """The services that have a host, each with its label; the first has the component's."""
        first = ((service, self.host) for service in self.services[:1])
        rest = ((service, service.host) for service in self.services[1:])
        return tuple((s, label) for s, label in (*first, *rest) if label is not None)

    def series(self, path: str) -> tuple[str, ...]:
        """The patches for one path of the tree; `""` is the upstream itself."""
        return tuple(name for name in self.patches if name.rpartition("/")[0] == path)

    @property
    def patched_paths(self) -> tuple[str, ...]:
        """The paths within the tree that have a series of their own."""
        folders = (name.rpartition("/")[0] for name in self.patches)
        return tuple(dict.fromkeys(folder for folder in folders if folder))
