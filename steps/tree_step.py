"""How a component's tree is made: sources, our series on them, and their submodules."""

from collections.abc import Collection, Iterable, Sequence
from hashlib import sha1
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from buildbot.process.remotecommand import RemoteShellCommand

from change_sources.git_process import GitError, host_processes, run_git
from model.component import Component, Fork, Source
from model.tags import followed_releases, order_remark
from releases.provenance import Material, Patch
from steps.git import GitStep, is_damage, reason
from steps.gitlinks import Gitlink, is_fetchable, parse_gitlinks, resolve_addresses
from steps.lines import lines
from steps.patch_file import PatchError, PatchFile, Series, read_series, title
from steps.records import batched
from steps.rejection import Rejection
from steps.release_tags import first_commit, moved_tag_problem
from steps.tar import tar_archive

HEADS = "refs/heads/"
TAGS = "refs/tags/"
SERIES = "series"
"""The folder on the worker with the patches to apply next."""


class FetchedSource(NamedTuple):
    """A commit that was added to the tree."""

    material: Material
    tree: str
    date: str
    """When it was committed, in seconds since 1970."""
    gitlinks: int
    """How many submodules it records; their files are missing."""


class TreeStep(GitStep):
    """A step that adds something to the tree of a component."""

    def __init__(self, component: Component, folder: Path, **kwargs: Any) -> None:
        self.component = component
        self.folder = folder
        self.remarks: list[str] = []
        super().__init__(**kwargs)

    def summarise(self, summary: str) -> None:
        """Say what the step did, with what people should know about it."""
        self.descriptionDone = "; ".join([summary, *self.remarks])

    # Sources.

    async def add_source(self, source: Source, into: str = "") -> FetchedSource:
        """Add the newest commit that a source follows to the tree."""
        ref, commit = await self.find_newest(source)
        if ref.startswith(TAGS):
            tag = ref.removeprefix(TAGS)
            first = await first_commit(self.master, source.repository, tag, commit)
            if problem := moved_tag_problem(source, tag, first, commit):
                self.fail(problem)
        return await self.add_commit(source.repository, ref, commit, into, purpose=into)

    async def add_commit(
        self, repository: str, ref: str, commit: str, into: str, purpose: str
    ) -> FetchedSource:
        """Add one commit, which is fetched by a ref or, without one, by its id.

        A local ref keeps the commit, and a later one for the same purpose replaces it: then only
        what is new is fetched.
        """
        local_ref = f"refs/slipway/{sha1(purpose.encode(), usedforsecurity=False).hexdigest()[:12]}"
        arguments = (commit, repository, ref, local_ref, into)
        command = await self.attempt_script("add_source", *arguments)
        if command.didFail() and is_damage(command) and not into:
            # The tree begins here: there is no part of it to be lost.
            await self.run_script("repository", "anew")
            command = await self.attempt_script("add_source", *arguments)
        if command.didFail():
            await self.fail_with(command, "add_source")
        commit, tree, date, gitlinks = self.read_fields(command)
        release = ref_label(ref, commit)
        material = Material(repository=repository, release=release, commit=commit, into=into)
        self.record_models("materials", [material])
        return FetchedSource(material, tree, date, int(gitlinks))

    async def find_newest(self, source: Source) -> tuple[str, str]:
        """The newest ref that a source follows, and its commit; no ref when it is pinned."""
        if source.commit:
            return "", source.commit
        pattern = f"{HEADS}{source.branch}" if source.branch else f"{TAGS}*"
        listing = await self.list_refs(source.repository, pattern, f"{pattern}^{{}}")
        commits = commits_by_ref(listing)
        newest = newest_ref(source, commits)
        if newest is None:
            self.fail(f"{source.repository} has no {source.follows}")
        tags = [ref.removeprefix(TAGS) for ref in commits if ref.startswith(TAGS)]
        if remark := order_remark(followed_releases(source, tags)):
            self.remarks.append(remark)
        return newest

    async def list_refs(
        self, repository: str, *patterns: str, options: tuple[str, ...] = ()
    ) -> str:
        """The output of `git ls-remote` for a repository.

        The master asks, over the way that its operator trusts. A worker may fetch from mirrors that
        nobody verifies, and gets what has the id of the commit or nothing.
        """
        command = ("ls-remote", *options, repository, *patterns)
        try:
            return await host_processes(repository).run(run_git, self.master, *command)
        except GitError as error:
            self.fail(f"{repository} cannot be reached: {reason(str(error))}")

    # Series.

    async def apply_series(self, fork: Fork | None, names: Collection[str], into: str = "") -> int:
        """Apply a fork's commits, then our patches, to a path of the tree; how many those are.

        The first that does not apply ends the step.
        """
        forked = await self.import_fork(fork, into)
        ours = self.read_patches(names)
        patches = [*forked, *ours.patches]
        arguments = ("apply", SERIES, into, "forked" if fork else "")
        archive = tar_archive(ours.files())
        command = await self.attempt_script("series", *arguments, stdin=archive)
        if command.didFail():
            await self.reject(command, patches, into)
        before, after, gitlinks, *ids = self.read_fields(command)
        self.setProperty("gitlinks", int(gitlinks), self.name)
        self.extend_property("series", [[into, before, after]])
        self.record_models("patches", map(applied_patch, patches, ids))
        return len(patches)

    async def reject(
        self, command: RemoteShellCommand, patches: Sequence[PatchFile], into: str
    ) -> NoReturn:
        """End the step with the patch that does not apply, its file and its hunk."""
        if not command.stdout:
            await self.fail_with(command, "series")
        number, errors, text = self.read_fields(command)
        patch = patches[int(number) - 1]
        rejection = Rejection(
            number=int(number),
            count=len(patches),
            name=patch.name,
            subject=title(patch.subject),
            stderr=errors,
            patch=text,
            into=into,
        )
        await self.log_rejection(rejection)
        self.fail(str(rejection))

    async def apply_folder_series(self) -> int:
        """Apply the series for folders of the upstream itself; how many patches those are."""
        applied = 0
        overlaid = {overlay.into for overlay in self.component.overlays}
        for path in (path for path in self.component.patched_paths if path not in overlaid):
            if await self.run_command("git", "ls-files", "--", f"{path}/*"):
                applied += await self.apply_series(None, self.component.series(path), path)
        return applied

    def read_patches(self, names: Collection[str]) -> Series:
        """Our patches with these names; ends the step when one cannot be used."""
        try:
            series = read_series(self.folder / "patches", names)
        except PatchError as error:
            self.fail(f"patches/{error}")
        self.remarks += [f"{name} changes nothing: left out" for name in series.cover_letters]
        return series

    async def import_fork(self, fork: Fork | None, into: str) -> list[PatchFile]:
        """Start a series on the worker with the commits of a fork; their names and authors."""
        if not fork:
            return []
        head, base = f"{HEADS}{fork.branch}", f"{TAGS}{fork.base}"
        commits = commits_by_ref(await self.list_refs(fork.repository, head, base, f"{base}^{{}}"))
        if head not in commits:
            self.fail(f"{fork.repository} has no branch {fork.branch}")
        source = (fork.repository, fork.branch, fork.base, f"fork/{into}")
        # A base that is no tag is the beginning of an id, which must lie behind the branch.
        ids = (commits[head], commits.get(base, fork.base))
        commit, base, *heads = await self.run_records("fork", SERIES, *source, *ids)
        material = Material(
            repository=fork.repository, release=fork.branch, commit=commit, into=into, base=base
        )
        self.record_models("materials", [material])
        return [
            PatchFile(name=name, author=author, subject=subject)
            for name, author, subject in batched(heads, 3)
        ]

    async def log_rejection(self, rejection: Rejection) -> None:
        """Log the hunk that does not apply beside the lines of the file there."""
        first, last = rejection.lines_shown
        shown = (rejection.file, str(first), str(last))
        content = await self.run_records("show_lines", *shown) if first else []
        await self.addCompleteLog("what did not apply", rejection.comparison("".join(content)))

    # Submodules.

    async def fetch_submodules(self, excluded: Collection[str] = ()) -> list[Gitlink]:
        """Add every submodule that the tree records, and the submodules of those; all of them.

        Excluded submodules, and those that `component.toml` leaves out, are removed from the tree.
        """
        fetched: list[Gitlink] = []
        excluded = {*self.component.submodules.leave_out, *excluded}
        while links := parse_gitlinks(await self.run_records("gitlinks")):
            materials = self.getProperty("materials")
            # A relative address refers to the repository of the source, not to a fork of it.
            repositories = {m["into"]: m["repository"] for m in materials if not m["base"]}
            included = [link for link in links if link.path not in excluded]
            rules = self.component.submodules.rewrite
            included = resolve_addresses(included, repositories, rules)
            await self.replace_gitlinks(
                included, [link.path for link in links if link.path in excluded]
            )
            for link in included:
                if series := self.component.series(link.path):
                    await self.apply_series(None, series, link.path)
            fetched += included
        return fetched

    async def replace_gitlinks(
        self, included: Collection[Gitlink], excluded: Collection[str]
    ) -> None:
        """Replace gitlinks by the commits that they record, and remove those at other paths."""
        if missing := [link for link in included if not link.address]:
            path, commit, _ = missing[0]
            self.fail(f"submodule {path} at {commit[:12]}: .gitmodules gives no address for it")
        local = self.component.upstream.repository.startswith("file://")
        for path, commit, address in included:
            if not is_fetchable(address, local=local):
                self.fail(f"submodule {path} at {commit[:12]}: nothing is fetched from {address!r}")
        requests = [f"- - {path}" for path in excluded]
        requests += [f"{link.commit} {link.address} {link.path}" for link in included]
        stdin = "".join(f"{request}\0" for request in requests).encode()
        await self.run_script("submodules", stdin=stdin)
        self.record_models("materials", [link.material for link in included])

    def unapplied_paths(self) -> list[str]:
        """The paths whose series has not been applied yet, except those of overlays."""
        applied = {into for into, *_ in self.getProperty("series") or ()}
        overlaid = {overlay.into for overlay in self.component.overlays}
        return [path for path in self.component.patched_paths if path not in applied | overlaid]

    def refuse_unapplied(self) -> None:
        """End the step when a series is for a path without an overlay or a submodule."""
        if paths := self.unapplied_paths():
            self.fail(f"patches/{paths[0]}: neither overlay nor submodule lies at {paths[0]}")

    def record_models(self, name: str, values: Iterable[Material | Patch]) -> None:
        """Add to one of the lists that become the release's provenance."""
        self.extend_property(name, [value.model_dump() for value in values])

    def extend_property(self, name: str, values: list[Any]) -> None:
        self.setProperty(name, [*(self.getProperty(name) or ()), *values], self.name)


def newest_ref(source: Source, commits: dict[str, str]) -> tuple[str, str] | None:
    """The newest of the refs that a source follows, and its commit."""
    tags = [ref.removeprefix(TAGS) for ref in commits if ref.startswith(TAGS)]
    # git matches the end of a name too: `x/refs/heads/main` is not the branch `main`.
    heads = [f"{HEADS}{source.branch}"] if source.branch else []
    followed = [ref for ref in heads if ref in commits] or [
        f"{TAGS}{tag}" for tag in followed_releases(source, tags)
    ]
    return (followed[-1], commits[followed[-1]]) if followed else None


def ref_label(ref: str, commit: str) -> str:
    """The tag or branch of a ref; the short commit id of a source that is pinned."""
    return ref.removeprefix(HEADS).removeprefix(TAGS) or commit[:12]


def commits_by_ref(listing: str) -> dict[str, str]:
    """The commit of each ref in the output of `git ls-remote`, annotated tags resolved."""
    objects = {ref: commit for commit, ref in (line.split("\t") for line in lines(listing))}
    return {
        ref: objects.get(f"{ref}^{{}}", objects[ref]) for ref in objects if not ref.endswith("^{}")
    }


def applied_patch(patch: PatchFile, patch_id: str) -> Patch:
    """What the provenance says of a patch."""
    return Patch(
        name=patch.name,
        id=patch_id,
        subject=title(patch.subject) or patch.name,
        author=patch.author or "unknown",
    )
