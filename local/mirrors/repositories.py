"""Local git mirrors: a site's repositories, made from Debian packages and from the site's files.

A site names its real repositories. Where the internet is not reachable, git maps them to what
`make` makes here, and nothing else of Slipway knows (`git_config`).
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from local.mirrors.commands import MirrorFailed, git, run
from local.mirrors.commit_contents import Contents
from local.mirrors.fast_import import PACKED, commit, fast_import, quoted, sized
from model.component import Component
from model.mirrors import Edit, Mirror, Mirrors
from model.reading import read

TRAILER = "Debian-Version"
"""The line of a commit's message that says which package version it holds."""


def make(site: Path, mirrors: Path, cache: Path, say: Callable[[str], None]) -> None:
    """Make the missing mirrors of a site and add newer Debian versions to the others.

    `cache` keeps downloaded packages; `say` is given one line for each mirror. Raises MirrorFailed,
    and InvalidSite when `mirrors.toml` is not as it should be.
    """
    described = read(site / "mirrors.toml", Mirrors)
    packages = {p for m in described.mirrors for p in (m.package, *m.needs) if p}
    workshop = Workshop(site, mirrors, cache, described, candidates(sorted(packages), cache))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        work = {pool.submit(workshop.made, mirror): mirror for mirror in described.mirrors}
        try:
            for done in as_completed(work):
                say(f"{work[done].repository}: {done.result()}")
        finally:
            pool.shutdown(cancel_futures=True)


def change(site: Path, component: Component, mirrors: Path) -> str:
    """Commit the small visible change that `mirrors.toml` describes for a component.

    The commit goes to the branch that the component follows, in the mirror. Returns what was
    committed where and what to look for; raises MirrorFailed.
    """
    described = read(site / "mirrors.toml", Mirrors)
    found = [
        (mirror, mirror.change, source.branch)
        for source in component.sources
        for mirror in described.mirrors
        if mirror.repository == source.repository and mirror.change and source.branch
    ]
    if not found:
        raise MirrorFailed(component.name, ("change",), "mirrors.toml describes no change for it")
    mirror, edit, branch = found[0]
    repository, folder = mirror.repository, place(mirror.repository, mirrors)
    number = int(git(repository, folder, "rev-list", "--count", branch)) + 1
    mode = git(repository, folder, "ls-tree", branch, "--", edit.file).partition(" ")[0]
    text = git(repository, folder, "show", f"{branch}:{edit.file}")
    shows = edit.shows.replace("{number}", str(number))
    message = f"Show {shows}\n"
    commands = (
        *commit(branch, described.author, int(time.time()), message, on_top=True),
        f"M {mode} inline {quoted(edit.file)}\n".encode(),
        *sized(edited(repository, edit, text, number)),
    )
    fast_import(repository, folder, commands)
    short = git(repository, folder, "rev-parse", "--short", branch).strip()
    return (
        f"committed {short} to branch {branch} of {repository} ({edit.file}): "
        f"look for '{shows}' on the pages of {component.name}"
    )


def git_config(mirrors: Path) -> str:
    """A configuration for git (GIT_CONFIG_GLOBAL) in which each mirror stands for its repository.

    What has no mirror is asked for where the site says it is.
    """
    found = repositories(mirrors.absolute())
    return (
        "".join(stand_in(address, f"file://{folder}") for address, folder in found)
        + """\
[protocol "file"]
\tallow = always
[safe]
\tdirectory = *
[user]
\tname = Slipway
\temail = slipway@example.invalid
[gc]
\tauto = 0
"""
    )


def remote_git_config(mirrors: Path, url: str) -> str:
    """The same for another machine, which finds the folder of mirrors at a URL ending in `/`."""
    root = mirrors.absolute()
    found = ((a, folder.relative_to(root)) for a, folder in repositories(root))
    return "".join(stand_in(address, f"{url}{folder}") for address, folder in found)


def stand_in(address: str, mirror: str) -> str:
    there, here = (part.replace("\\", "\\\\").replace('"', '\\"') for part in (mirror, address))
    return f'[url "{there}"]\n\tinsteadOf = "{here}"\n'


def repositories(mirrors: Path) -> Iterator[tuple[str, Path]]:
    """The address and folder of each mirror: `<mirrors>/github.com/owner/name.git`."""
    for folder, inner, _ in os.walk(mirrors):
        found = [name for name in sorted(inner) if name.endswith(".git")]
        inner[:] = sorted(name for name in set(inner) - {*found} if not name.startswith("."))
        for name in found:
            path = Path(folder, name)
            yield f"https://{path.relative_to(mirrors).as_posix()}", path


def place(repository: str, mirrors: Path) -> Path:
    """The folder of a repository's mirror: what `insteadOf` makes of its address."""
    return mirrors / repository.partition("://")[2]


def upstream_version(version: str) -> str:
    """`1:1.39.17-1+deb12u2` -> `1.39.17`, `6.1.9+dfsg1-0+deb12u1` -> `6.1.9`."""
    return re.split(r"[-+~]", re.sub(r"^\d+:", "", version))[0]


@dataclass(frozen=True)
class Workshop:
    """Where mirrors are made, and of what."""

    site: Path
    mirrors: Path
    cache: Path
    described: Mirrors
    versions: Mapping[str, str]
    """The version of each Debian package that apt would install."""

    def made(self, mirror: Mirror) -> str:
        """Make or renew one mirror; returns what happened, in words."""
        folder = place(mirror.repository, self.mirrors)
        try:
            if mirror.files:
                return self.made_from_files(mirror, self.site / mirror.files, folder)
            return self.made_from_package(mirror, mirror.package or "", folder)
        except OSError as problem:
            raise MirrorFailed(mirror.repository, ("write", str(folder)), str(problem)) from None

    def made_from_files(self, mirror: Mirror, source: Path, folder: Path) -> str:
        if folder.exists():
            return "already there"
        if not source.is_dir():
            raise MirrorFailed(mirror.repository, ("read", str(source)), "no such folder")
        contents = Contents(date=int(self.described.date.timestamp()))
        with bare(mirror, folder) as growing:
            self.add(mirror, growing, contents, contents.of_folder(source), "Begin\n")
        return f"made, branch {mirror.branch}"

    def made_from_package(self, mirror: Mirror, package: str, folder: Path) -> str:
        version = self.versions.get(package)
        present = imported(mirror, folder) if folder.exists() else None
        if present and not (version and newer(version, present)):
            return f"already there, {present}"
        archives = [self.fetched(mirror, name) for name in (package, *mirror.needs)]
        contents, release = Contents(), upstream_version(str(version))
        reading = contents.of_packages(mirror.repository, archives)
        message = f"Release {release}\n\nFrom Debian's {package}.\n\n{TRAILER}: {version}\n"
        tag = release if mirror.tagged else ""
        if present:
            self.add(mirror, folder, contents, reading, message, tag)
            return f"renewed, {present} -> {version}"
        with bare(mirror, folder) as growing:
            self.add(mirror, growing, contents, reading, message, tag)
        return f"made, {version}"

    def fetched(self, mirror: Mirror, package: str) -> Path:
        """The package's file, from the cache or else downloaded."""
        version = self.versions.get(package)
        if not version:
            command = ("apt-cache", "policy", package)
            raise MirrorFailed(mirror.repository, command, "unknown package; try apt-get update")
        self.cache.mkdir(parents=True, exist_ok=True)
        # apt percent-encodes the version in a file's name
        pattern = f"{package}_{quote(version, safe='+~').lower()}_*.deb"
        if not any(self.cache.glob(pattern)):
            with TemporaryDirectory(prefix="downloading-", dir=self.cache) as folder:
                download = ("apt-get", "-q", "-o", "Acquire::Retries=1", "download")
                run(mirror.repository, (*download, f"{package}={version}"), Path(folder))
                for archive in Path(folder).glob("*.deb"):
                    archive.rename(self.cache / archive.name)
        return next(self.cache.glob(pattern))

    def add(
        self,
        mirror: Mirror,
        folder: Path,
        contents: "Contents",
        reading: Iterator[bytes],
        message: str,
        tag: str = "",
    ) -> None:
        """Commit what `reading` reads on the mirror's branch; a tag that exists stays."""
        author, branch, repository = self.described.author, mirror.branch, mirror.repository
        on_top = bool(git(repository, folder, "for-each-ref", f"refs/heads/{branch}"))
        tagging = tag and tag not in git(repository, folder, "tag", "--list").split()

        def commands() -> Iterator[bytes]:
            yield from reading
            tree = contents.tree(mirror.folder or "", mirror.drop)
            if not tree:
                raise MirrorFailed(repository, ("read", str(mirror.folder)), "no file there")
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
def bare(mirror: Mirror, folder: Path) -> Iterator[Path]:
    """A new bare repository that takes its place only when it is complete."""
    growing = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(growing, ignore_errors=True)
    growing.mkdir(parents=True)
    settings = {
        "gc.auto": "0",  # a collection in the background races with readers
        "uploadpack.allowFilter": "true",
        "uploadpack.allowAnySHA1InWant": "true",  # as GitHub does
    }
    branch = f"--initial-branch={mirror.branch}"
    try:
        git(mirror.repository, growing, "init", "--quiet", "--bare", "--template=", branch)
        for key, setting in settings.items():
            git(mirror.repository, growing, "config", key, setting)
        yield growing
        growing.rename(folder)
    finally:
        shutil.rmtree(growing, ignore_errors=True)


def candidates(packages: Collection[str], cache: Path) -> dict[str, str]:
    """The version that apt would install of each package that it knows."""
    if not packages:
        return {}
    # Images for containers tell apt to keep no such file, and it reads every list again each time.
    kept = f"Dir::Cache::pkgcache={cache.absolute() / 'pkgcache.bin'}"
    policy = run("Debian packages", ("apt-cache", "--option", kept, "policy", *packages))
    stanza = re.compile(r"^(\S+):\n(?:  .*\n)*?  Candidate: (?!\(none\))(\S+)$", re.MULTILINE)
    return dict(stanza.findall(policy))


def newer(version: str, present: str) -> bool:
    """Whether a Debian version is later than the one we have."""
    command = ("dpkg", "--compare-versions", version, "gt", present)
    return subprocess.run(command, check=False).returncode == 0


def imported(mirror: Mirror, folder: Path) -> str:
    """The Debian version that a mirror holds."""
    trailer = f"--format=%(trailers:key={TRAILER},valueonly)"
    arguments = ("log", "-1", f"--grep=^{TRAILER}: ", trailer, mirror.branch)
    return git(mirror.repository, folder, *arguments).strip()


def edited(repository: str, edit: Edit, text: str, number: int) -> bytes:
    """The file with the edit's text in place of what it finds."""
    write = edit.write.replace("{number}", str(number))
    text, matches = re.subn(edit.find, lambda _: write, text)
    if matches != 1:
        raise MirrorFailed(
            repository, ("replace", edit.find), f"{edit.file} has {matches} such places, not one"
        )
    return text.encode()
