"""A branch of a mirror: the package that it holds, and new commits on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from local.mirrors.commit_contents import Contents
from local.mirrors.fast_import import PACKED, WHOLE, commit, fast_import, quoted, sized
from local.mirrors.git_commands import MirrorError, git
from model.mirrors import Mirror

TRAILER = "Debian-Version"
"""The line of a commit's message that says which package version it holds."""


class PackageCommit(NamedTuple):
    """The commit of a Debian package."""

    id: str
    version: str
    """Debian's."""


@dataclass(frozen=True)
class MirrorBranch:
    """A branch in the bare repository of a mirror."""

    mirror: Mirror
    folder: Path
    name: str

    def exists(self) -> bool:
        return self.folder.exists() and bool(self.git("for-each-ref", f"refs/heads/{self.name}"))

    def package(self) -> PackageCommit | None:
        """The newest package of the branch."""
        if not self.exists():
            return None
        line = f"--format=%H %(trailers:key={TRAILER},valueonly)"
        found = self.git("log", "-1", f"--grep=^{TRAILER}: ", line, self.name)
        return PackageCommit(*found.split()) if found else None

    def add(
        self,
        contents: Contents,
        reading: Iterator[bytes],
        author: str,
        message: str,
        parent: str = "",
        tag: str = "",
    ) -> None:
        """Commit the files that `reading` yields; an existing tag stays.

        The commit's parent is the last one of the branch. `parent` is that of a new branch.
        """
        mirror, reference = self.mirror, f"refs/heads/{self.name}"
        parent = f"{reference}^0" if self.exists() else parent
        tagging = tag and tag not in self.git("tag", "--list").split()

        def commands() -> Iterator[bytes]:
            yield from reading
            tree = contents.tree(mirror.folder or "", mirror.drop)
            if not tree:
                raise MirrorError(mirror.repository, ("read", str(mirror.folder)), "no file there")
            yield from commit(self.name, author, contents.date, message, parent)
            yield b"deleteall\n"
            for path, (mode, mark) in sorted(tree.items()):
                yield f"M {mode} :{mark} {quoted(path)}\n".encode()
            if tagging:
                yield f"tag {tag}\nfrom {reference}\n".encode()
                yield f"tagger {author} {contents.date} +0000\n".encode()
                yield from sized(f"{tag}\n".encode())

        fast_import(mirror.repository, self.folder, commands(), PACKED, WHOLE)

    def git(self, *arguments: str) -> str:
        return git(self.mirror.repository, self.folder, *arguments)
