"""Makes the mirrors of a site from Debian packages and from the site's files.

Nothing else in Slipway depends on these mirrors: git maps repositories to them (`git_config`).
"""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from local.mirrors.bare_repository import bare_repository, set_main_branch
from local.mirrors.commit_contents import Contents
from local.mirrors.git_commands import MirrorError
from local.mirrors.git_config import mirror_folder
from local.mirrors.mirror_branch import TRAILER, MirrorBranch, PackageCommit
from local.mirrors.release_packages import Packages, fetch_packages, is_newer, upstream_version
from model.mirrors import Mirror, Mirrors
from model.reading import read


def make_mirrors(site: Path, mirrors: Path, cache: Path, say: Callable[[str], None]) -> list[str]:
    """Make the missing mirrors of a site and add newer Debian versions to the others.

    `cache` keeps downloaded packages; `say` is called with a line for each mirror. Returns a
    sentence for each Debian release of which something cannot be had. Raises MirrorError for a
    repository of which nothing can be had, and InvalidSite for a mistake in `mirrors.toml`.
    """
    described = read(site / "mirrors.toml", Mirrors)
    packages: dict[str, Future[Packages]] = {}
    builder = MirrorBuilder(site, mirrors, described, packages)
    with ThreadPoolExecutor() as downloads, ThreadPoolExecutor(os.cpu_count()) as imports:
        for release in described.releases:
            names = {p for m in described.mirrors_of(release) for p in m.packages}
            needed = partial(builder.needed_packages, release)
            packages[release] = downloads.submit(fetch_packages, release, names, needed, cache)
        jobs = {imports.submit(builder.build, mirror): mirror for mirror in described.mirrors}
        try:
            for job in as_completed(jobs):
                say(f"{jobs[job].repository}: {job.result()}")
        finally:
            imports.shutdown(cancel_futures=True)
    return [text for release in described.releases if (text := builder.problem(release))]


@dataclass(frozen=True)
class MirrorBuilder:
    """Makes and updates the mirrors of one site."""

    site: Path
    mirrors: Path
    described: Mirrors
    packages: Mapping[str, Future[Packages]]
    """By Debian release: its packages, which are downloaded meanwhile."""

    def branch(self, mirror: Mirror, release: str) -> MirrorBranch:
        """The branch of a mirror that holds the package of a release."""
        folder = mirror_folder(mirror.repository, self.mirrors)
        return MirrorBranch(mirror, folder, mirror.branches[release])

    def needed_packages(self, release: str, versions: Mapping[str, str]) -> set[str]:
        """The packages of a release that are newer than what the mirrors hold."""
        mirrors = self.described.mirrors_of(release)
        needed = [m for m in mirrors if is_needed(self.branch(m, release), versions)]
        return {package for mirror in needed for package in mirror.packages}

    def problem(self, release: str) -> str:
        """What is missing of a Debian release, and why; empty when nothing is."""
        problem = self.packages[release].result().problem
        missing = [
            str(mirror.package)
            for mirror in self.described.mirrors_of(release)
            if not self.branch(mirror, release).package()
        ]
        if not missing:
            return problem and f"Debian {release}: newer versions are unknown: {problem}"
        reason = problem or "apt knows no such package"
        return f"Debian {release}: {', '.join(missing)} cannot be mirrored: {reason}"

    def build(self, mirror: Mirror) -> str:
        """Make or update one mirror; returns what was done."""
        folder = mirror_folder(mirror.repository, self.mirrors)
        try:
            if mirror.files and folder.exists():
                return "already there"
            with bare_repository(mirror, folder) as repository:
                if mirror.files:
                    return self.add_files(mirror, self.site / mirror.files, repository)
                return self.add_packages(mirror, repository)
        except OSError as error:
            raise MirrorError(mirror.repository, ("write", str(folder)), str(error)) from None

    def add_files(self, mirror: Mirror, source: Path, repository: Path) -> str:
        if not source.is_dir():
            raise MirrorError(mirror.repository, ("read", str(source)), "no such folder")
        branch = MirrorBranch(mirror, repository, str(mirror.branch))
        contents = Contents(date=int(self.described.date.timestamp()))
        branch.add(contents, contents.of_folder(source), self.described.author, "Begin\n")
        set_main_branch(mirror, repository, branch.name)
        return f"made, branch {branch.name}"

    def add_packages(self, mirror: Mirror, repository: Path) -> str:
        """Add what is new of each release's package, the oldest release first."""
        done: list[str] = []
        parent = newest = ""
        for release, name in mirror.branches.items():
            branch = MirrorBranch(mirror, repository, name)
            packages, before = self.packages[release].result(), branch.package()
            if is_needed(branch, packages.versions) and packages.have(mirror.packages):
                self.add_package(branch, packages, parent)
            if after := branch.package():
                parent, newest = after.id, name
                done.append(outcome(before, after))
        if not newest:
            problems = [self.packages[release].result().problem for release in mirror.branches]
            reason = "; ".join(filter(None, problems)) or "unknown package; try apt-get update"
            command = ("apt-get", "download", str(mirror.package))
            raise MirrorError(mirror.repository, command, reason)
        set_main_branch(mirror, repository, newest)
        return ", ".join(done)

    def add_package(self, branch: MirrorBranch, packages: Packages, parent: str) -> None:
        mirror = branch.mirror
        version = packages.versions[str(mirror.package)]
        release = upstream_version(version)
        message = f"Release {release}\n\nFrom Debian's {mirror.package}.\n\n{TRAILER}: {version}\n"
        contents = Contents()
        files = [packages.files[name] for name in mirror.packages]
        reading = contents.of_packages(mirror.repository, files)
        tag = release if mirror.tagged else ""
        branch.add(contents, reading, self.described.author, message, parent, tag)


def is_needed(branch: MirrorBranch, versions: Mapping[str, str]) -> bool:
    """Whether a branch lacks the version that apt would install."""
    version, present = versions.get(branch.mirror.package or ""), branch.package()
    return bool(version and (not present or is_newer(version, present.version)))


def outcome(before: PackageCommit | None, after: PackageCommit) -> str:
    """What was done to a branch, in words."""
    if not before:
        return f"made, {after.version}"
    if before == after:
        return f"already there, {after.version}"
    return f"renewed, {before.version} -> {after.version}"
