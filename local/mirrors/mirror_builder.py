"""Makes the mirrors of a site from Debian packages and from the site's files.

Nothing else in Slipway depends on these mirrors: git maps repositories to them (`git_config`).
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.mirrors.commit_contents import Contents
from local.mirrors.debian_archive import DebianArchive, debian_archive
from local.mirrors.fast_import import PACKED, commit, fast_import, quoted, sized
from local.mirrors.git_commands import MirrorError, git
from local.mirrors.git_config import mirror_folder
from model.mirrors import Mirror, Mirrors
from model.reading import read

TRAILER = "Debian-Version"
"""The line of a commit's message that says which package version it holds."""


def make_mirrors(site: Path, mirrors: Path, cache: Path, say: Callable[[str], None]) -> None:
    """Make the missing mirrors of a site and add newer Debian versions to the others.

    `cache` keeps downloaded packages; `say` is called with a line for each mirror. Raises
    MirrorError, and InvalidSite for a mistake in `mirrors.toml`.
    """
    described = read(site / "mirrors.toml", Mirrors)
    packages = {p for m in described.mirrors for p in (m.package, *m.needs) if p}
    archive = debian_archive(described.debian, cache)
    builder = MirrorBuilder(site, mirrors, described, archive, archive.versions(sorted(packages)))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {pool.submit(builder.build, mirror): mirror for mirror in described.mirrors}
        try:
            for job in as_completed(jobs):
                say(f"{jobs[job].repository}: {job.result()}")
        finally:
            pool.shutdown(cancel_futures=True)


def upstream_version(version: str) -> str:
    """`1:1.39.17-1+deb12u2` -> `1.39.17`, `6.1.9+dfsg1-0+deb12u1` -> `6.1.9`."""
    return re.split(r"[-+~]", re.sub(r"^\d+:", "", version))[0]


@dataclass(frozen=True)
class MirrorBuilder:
    """Makes and updates the mirrors of one site."""

    site: Path
    mirrors: Path
    described: Mirrors
    archive: DebianArchive
    versions: Mapping[str, str]
    """That of each Debian package that apt knows."""

    def build(self, mirror: Mirror) -> str:
        """Make or update one mirror; returns what was done."""
        folder = mirror_folder(mirror.repository, self.mirrors)
        try:
            if mirror.files:
                return self.build_from_files(mirror, self.site / mirror.files, folder)
            return self.build_from_package(mirror, mirror.package or "", folder)
        except OSError as error:
            raise MirrorError(mirror.repository, ("write", str(folder)), str(error)) from None

    def build_from_files(self, mirror: Mirror, source: Path, folder: Path) -> str:
        if folder.exists():
            return "already there"
        if not source.is_dir():
            raise MirrorError(mirror.repository, ("read", str(source)), "no such folder")
        contents = Contents(date=int(self.described.date.timestamp()))
        with new_repository(mirror, folder) as draft:
            self.commit_tree(mirror, draft, contents, contents.of_folder(source), "Begin\n")
        return f"made, branch {mirror.branch}"

    def build_from_package(self, mirror: Mirror, package: str, folder: Path) -> str:
        version = self.versions.get(package)
        present = imported_version(mirror, folder) if folder.exists() else None
        if present and not (version and is_newer(version, present)):
            return f"already there, {present}"
        archives = [
            self.archive.file(mirror.repository, name, self.versions.get(name))
            for name in (package, *mirror.needs)
        ]
        contents, release = Contents(), upstream_version(str(version))
        reading = contents.of_packages(mirror.repository, archives)
        message = f"Release {release}\n\nFrom Debian's {package}.\n\n{TRAILER}: {version}\n"
        tag = release if mirror.tagged else ""
        if present:
            self.commit_tree(mirror, folder, contents, reading, message, tag)
            return f"renewed, {present} -> {version}"
        with new_repository(mirror, folder) as draft:
            self.commit_tree(mirror, draft, contents, reading, message, tag)
        return f"made, {version}"

    def commit_tree(
        self,
        mirror: Mirror,
        folder: Path,
        contents: "Contents",
        reading: Iterator[bytes],
        message: str,
        tag: str = "",
    ) -> None:
        """Commit the files that `reading` yields to the mirror's branch; an existing tag stays."""
        author, branch, repository = self.described.author, mirror.branch, mirror.repository
        on_top = bool(git(repository, folder, "for-each-ref", f"refs/heads/{branch}"))
        tagging = tag and tag not in git(repository, folder, "tag", "--list").split()

        def commands() -> Iterator[bytes]:
            yield from reading
            tree = contents.tree(mirror.folder or "", mirror.drop)
            if not tree:
                raise MirrorError(repository, ("read", str(mirror.folder)), "no file there")
            yield from commit(branch, author, contents.date, message, on_top=on_top)
            yield b"deleteall\n"
            for path, (mode, mark) in sorted(tree.items()):
                yield f"M {mode} :{mark} {quoted(path)}\n".encode()
            if tagging:
                yield f"tag {tag}\nfrom refs/heads/{branch}\n".encode()
                yield f"tagger {author} {contents.date} +0000\n".encode()
                yield from sized(f"{tag}\n".encode())

        fast_import(repository, folder, commands(), *PACKED)


@contextmanager
def new_repository(mirror: Mirror, folder: Path) -> Iterator[Path]:
    """A new bare repository, which is moved to `folder` when it is complete."""
    draft = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    settings = {
        "gc.auto": "0",  # a collection in the background races with readers
        "uploadpack.allowFilter": "true",
        "uploadpack.allowAnySHA1InWant": "true",  # as GitHub does
    }
    branch = f"--initial-branch={mirror.branch}"
    try:
        git(mirror.repository, draft, "init", "--quiet", "--bare", "--template=", branch)
        for key, setting in settings.items():
            git(mirror.repository, draft, "config", key, setting)
        yield draft
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def is_newer(version: str, present: str) -> bool:
    """Whether a Debian version is later than another."""
    command = ("dpkg", "--compare-versions", version, "gt", present)
    return subprocess.run(command, check=False).returncode == 0


def imported_version(mirror: Mirror, folder: Path) -> str:
    """The Debian version that a mirror holds."""
    trailer = f"--format=%(trailers:key={TRAILER},valueonly)"
    arguments = ("log", "-1", f"--grep=^{TRAILER}: ", trailer, mirror.branch)
    return git(mirror.repository, folder, *arguments).strip()
