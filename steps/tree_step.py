"""What goes into the tree: sources, our series on them, and the submodules that they record."""

from collections.abc import Collection
from hashlib import sha1
from pathlib import Path
from typing import Any, NamedTuple

from model.component import Component, Fork, Source
from model.tags import releases
from releases.provenance import Material, Patch
from steps.git import GitStep, last_line
from steps.gitlinks import Gitlink, addresses, fetchable, parsed
from steps.lines import lines
from steps.rejection import Rejection
from steps.tar import archive

HEADS = "refs/heads/"
TAGS = "refs/tags/"
UNREACHABLE = 2
"""With what `add_source.bash` ends when it was refused, or met nobody."""
SERIES = "series"
"""A folder on the worker: the patches to be applied next."""


class FetchedSource(NamedTuple):
    """What was laid, its tree, when it was committed, in seconds since 1970, and what it lacks."""

    material: Material
    tree: str
    date: str
    gitlinks: int
    """How many submodules it records."""


class TreeStep(GitStep):
    """A step that lays something of a component's into its tree."""

    def __init__(self, component: Component, folder: Path, **kwargs: Any) -> None:
        self.component = component
        self.folder = folder
        super().__init__(**kwargs)

    # Sources.

    async def add_source(self, source: Source, into: str = "") -> FetchedSource:
        """Lay what a source follows into the tree, at its newest commit."""
        ref, commit = await self.newest(source)
        return await self.add_commit(source.repository, ref, commit, into, kept_for=into)

    async def add_commit(
        self, repository: str, ref: str, commit: str, into: str, kept_for: str
    ) -> FetchedSource:
        """Lay one commit, which is found at a ref or, without one, by its id alone.

        What is kept for the same purpose takes its place, so that later fetches start from it.
        """
        ours = f"refs/slipway/{sha1(kept_for.encode(), usedforsecurity=False).hexdigest()[:12]}"
        facts = await self.attempt_script("add_source", commit, repository, ref, ours, into)
        if facts.rc == UNREACHABLE:
            self.fail(f"{repository} cannot be reached: {last_line(facts.stderr)}")
        if facts.didFail():
            self.fail(last_line(facts.stderr))
        commit, tree, date, gitlinks = facts.stdout.split()
        release = called(ref, commit)
        made_of = Material(repository=repository, release=release, commit=commit, into=into)
        self.record("materials", [made_of])
        return FetchedSource(made_of, tree, date, int(gitlinks))

    async def newest(self, source: Source) -> tuple[str, str]:
        """The ref that is the newest of those followed, and its commit; no ref when pinned."""
        if source.commit:
            return "", source.commit
        pattern = f"{HEADS}{source.branch}" if source.branch else f"{TAGS}*"
        listing = await self.refs(source.repository, pattern, f"{pattern}^{{}}")
        found = newest(source, pointed_at(listing))
        if found is None:
            self.fail(f"{source.repository} has no {source.follows}")
        return found

    async def refs(self, repository: str, *patterns: str, options: tuple[str, ...] = ()) -> str:
        """What `git ls-remote` lists of a repository."""
        listed = await self.attempt(("git", "ls-remote", *options, repository, *patterns))
        if listed.didFail():
            self.fail(f"{repository} cannot be reached: {last_line(listed.stderr)}")
        return str(listed.stdout)

    # Series.

    async def change(self, fork: Fork | None, names: Collection[str], into: str = "") -> int:
        """Apply a fork's commits, then patches of ours, to what lies at a path; how many.

        The first that does not apply ends the step.
        """
        forked = await self.import_fork(fork, into)
        given = self.patches(names)
        applying = await self.attempt_script("series", "apply", SERIES, into, forked, stdin=given)
        if applying.didFail():
            rejection = Rejection.of(applying.stdout, applying.stderr, into)
            await self.show(rejection)
            self.fail(str(rejection))
        before, after, gitlinks, *patches = lines(applying.stdout)
        self.setProperty("gitlinks", int(gitlinks), self.name)
        self.add("series", [[into, before, after]])
        self.record("patches", [patch(line) for line in patches])
        return len(patches)

    async def change_folders(self) -> int:
        """Apply the series for folders that are the upstream's own; how many patches."""
        applied = 0
        overlaid = {overlay.into for overlay in self.component.overlays}
        for path in self.component.patched_paths:
            if path not in overlaid and await self.shell("git", "ls-files", "--", f"{path}/*"):
                applied += await self.change(None, self.component.series(path), path)
        return applied

    def patches(self, names: Collection[str]) -> bytes:
        """A tar of patches of ours."""
        folder = self.folder / "patches"
        return archive({Path(name).name: (folder / name).read_bytes() for name in names})

    async def import_fork(self, fork: Fork | None, into: str) -> str:
        """Begin a series on the worker with the commits of a fork; a word, if there is one."""
        if not fork:
            return ""
        source = (fork.repository, fork.branch, fork.base)
        facts = await self.script("fork", SERIES, *source, f"fork/{into}")
        commit, base = facts.split()
        made_of = {"repository": fork.repository, "release": fork.branch, "into": into}
        self.record("materials", [Material(**made_of, commit=commit, base=base)])
        return "forked"

    async def show(self, rejection: Rejection) -> None:
        """Keep, in a log of its own, what a patch expected and what it met."""
        met = await self.attempt(("git", "show", f":{rejection.file}"))
        await self.addCompleteLog("what did not apply", rejection.comparison(met.stdout))

    # Submodules.

    async def fetch_submodules(self, excluded: Collection[str] = ()) -> list[Gitlink]:
        """Lay every submodule that the tree records, those of submodules too; which were laid.

        Those waived, and those that `component.toml` leaves out, are taken out of the tree.
        """
        laid: list[Gitlink] = []
        without = {*self.component.submodules.leave_out, *excluded}
        while found := parsed(await self.script("gitlinks")):
            made_of = self.getProperty("materials")
            # What a tree records is meant relative to where it came from, not to a fork of it.
            known = {m["into"]: m["repository"] for m in made_of if not m["base"]}
            wanted = [link for link in found if link.path not in without]
            wanted = addresses(wanted, known, self.component.submodules.rewrite)
            await self.fetch(wanted, [link.path for link in found if link.path in without])
            for link in wanted:
                if series := self.component.series(link.path):
                    await self.change(None, series, link.path)
            laid += wanted
        return laid

    async def fetch(self, wanted: Collection[Gitlink], without: Collection[str]) -> None:
        """Replace gitlinks by what they record, and forget some."""
        if homeless := [link for link in wanted if not link.address]:
            path, commit, _ = homeless[0]
            self.fail(f"submodule {path} at {commit[:12]}: .gitmodules gives no address for it")
        local = self.component.upstream.repository.startswith("file://")
        for path, commit, address in wanted:
            if not fetchable(address, local=local):
                self.fail(f"submodule {path} at {commit[:12]}: nothing is fetched from {address!r}")
        orders = [f"- - {path}" for path in without]
        orders += [f"{link.commit} {link.address} {link.path}" for link in wanted]
        filling = await self.attempt_script("submodules", stdin="\n".join([*orders, ""]).encode())
        if filling.didFail():
            why = last_line(filling.stderr)
            *_, last = lines(filling.stdout) or ["? ? ?"]
            commit, address, path = last.split(" ", 2)
            self.fail(f"submodule {path}: commit {commit} cannot be had from {address}: {why}")
        self.record("materials", [link.material for link in wanted])

    def unapplied(self) -> list[str]:
        """The paths whose series has not been applied yet, but for those of overlays."""
        applied = {into for into, *_ in self.getProperty("series") or ()}
        overlaid = {overlay.into for overlay in self.component.overlays}
        return [path for path in self.component.patched_paths if path not in applied | overlaid]

    def refuse_unapplied(self) -> None:
        """End the step when a series is for a path at which nothing was laid."""
        if lost := self.unapplied():
            self.fail(f"patches/{lost[0]}: neither overlay nor submodule lies at {lost[0]}")

    def record(self, name: str, values: Collection[Material | Patch]) -> None:
        """Add to one of the lists that the release's provenance is made from."""
        self.add(name, [value.model_dump() for value in values])

    def add(self, name: str, values: list[Any]) -> None:
        self.setProperty(name, [*(self.getProperty(name) or ()), *values], self.name)


def newest(source: Source, commits: dict[str, str]) -> tuple[str, str] | None:
    """The ref that is the newest of those a source follows, and its commit."""
    tags = [ref.removeprefix(TAGS) for ref in commits if ref.startswith(TAGS)]
    # git matches the end of a name too: `x/refs/heads/main` is not the branch `main`.
    heads = [f"{HEADS}{source.branch}"] if source.branch else []
    followed = [ref for ref in heads if ref in commits] or [
        f"{TAGS}{tag}" for tag in releases(source, tags)
    ]
    return (followed[-1], commits[followed[-1]]) if followed else None


def called(ref: str, commit: str) -> str:
    """The tag or branch of a ref; what is pinned has none, and is called by its commit."""
    return ref.removeprefix(HEADS).removeprefix(TAGS) or commit[:12]


def pointed_at(listing: str) -> dict[str, str]:
    """The commit of each ref in the output of `git ls-remote`, annotated tags resolved."""
    refs = {ref: commit for commit, ref in (line.split("\t") for line in lines(listing))}
    return {ref: refs.get(f"{ref}^{{}}", refs[ref]) for ref in refs if not ref.endswith("^{}")}


def patch(line: str) -> Patch:
    """One line of what `series.bash` prints: file, id, author and subject."""
    name, identity, author, subject = line.split("\t", 3)
    return Patch(name=name, id=identity, subject=subject or name, author=author or "unknown")
