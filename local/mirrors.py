"""Local git mirrors: a site's repositories, made from Debian packages and from the site's files.

A site names its real repositories. Where the internet is not reachable, git maps them to what
`make` makes here, and nothing else of Slipway knows (`git_config`).
"""

import os
import re
import shlex
import shutil
import subprocess
import tarfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from urllib.parse import quote

from model.component import Component
from model.mirrors import Edit, Mirror, Mirrors
from model.reading import read

TRAILER = "Debian-Version"
"""The line of a commit's message that says which package version it holds."""


class MirrorFailed(RuntimeError):
    """A mirror that could not be made or changed; one sentence with repository and command."""

    def __init__(self, repository: str, command: Iterable[str], reason: str) -> None:
        self.repository = repository
        self.command = tuple(command)
        super().__init__(f"{repository}: {shlex.join(self.command)}: {reason}")


def make(site: Path, mirrors: Path, cache: Path, say: Callable[[str], None]) -> None:
    """Make the missing mirrors of a site and add newer Debian versions to the others.

    `cache` keeps downloaded packages; `say` is given one line for each mirror. Raises MirrorFailed,
    and InvalidSite when `mirrors.toml` is not as it should be.
    """
    described = read(site / "mirrors.toml", Mirrors)
    packages = {p for m in described.mirrors for p in (m.package, *m.needs) if p}
    workshop = Workshop(site, mirrors, cache, described, candidates(sorted(packages)))
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
    """A configuration for git (GIT_CONFIG_GLOBAL) in which the mirrors stand for the internet."""
    folder = str(mirrors.absolute()).replace("\\", "\\\\").replace('"', '\\"')
    return f"""\
[url "file://{folder}/"]
\tinsteadOf = https://
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


PACKED = ("-c", "fastimport.unpackLimit=1", "-c", "core.compression=1")
"""One pack whatever its size; 60 % of the time at 120 % of the space of git's default."""


@dataclass
class Contents:
    """The files and links of packages or a folder, as their bytes pass to `git fast-import`."""

    files: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Each file's mode in git and its mark in the stream."""
    links: dict[str, str] = field(default_factory=dict)
    """The target of each link."""
    date: int = 0
    """When the newest file was written, in seconds since 1970."""

    def of_folder(self, folder: Path) -> Iterator[bytes]:
        """The files below a folder of the site."""
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = path.relative_to(folder).as_posix()
            yield from self.blob(name, path.stat().st_mode, path.read_bytes())

    def of_packages(self, repository: str, archives: Iterable[Path]) -> Iterator[bytes]:
        """The files of Debian packages, never unpacked to disk, which takes longer than packing."""
        for archive in archives:
            command = ("dpkg-deb", "--fsys-tarfile", str(archive))
            with (
                TemporaryFile() as errors,
                subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as process,
            ):
                broken = ""
                try:
                    with tarfile.open(fileobj=process.stdout, mode="r|") as packed:
                        for member in packed:
                            yield from self.member(packed, member)
                    process.stdout.read()  # type: ignore[union-attr]  # it is a pipe
                except tarfile.TarError as problem:
                    broken = str(problem)
                if process.wait() or broken:
                    errors.seek(0)
                    said = errors.read().decode() or broken
                    raise MirrorFailed(repository, command, last_lines(said))

    def member(self, packed: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
        path = os.path.normpath(member.name)
        if member.issym():
            self.links[path] = member.linkname
        elif member.islnk():
            self.links[path] = "/" + os.path.normpath(member.linkname)
        elif member.isreg() and (content := packed.extractfile(member)):
            self.date = max(self.date, int(member.mtime))
            yield from self.blob(path, member.mode, content.read())

    def blob(self, path: str, mode: int, content: bytes) -> Iterator[bytes]:
        mark = len(self.files) + 1
        self.files[path] = ("100755" if mode & 0o100 else "100644", mark)
        yield f"blob\nmark :{mark}\n".encode()
        yield from sized(content)

    def tree(self, folder: str, drop: Iterable[str] = ()) -> dict[str, tuple[str, int]]:
        """What lies below a folder, links replaced by what they point at.

        A link that points at nothing is left out: what it leads to is made on each machine.
        """
        inside: dict[str, set[str]] = {"": set()}
        for path in (*self.files, *self.links):
            *parents, _ = path.split("/")
            for depth in range(len(parents) + 1):
                above = "/".join(parents[:depth])
                inside.setdefault(above, set()).add("/".join(path.split("/")[: depth + 1]))
        dropped = {f"{folder}/{path}" for path in drop}

        def below(folder: str) -> Iterator[tuple[str, tuple[str, int]]]:
            for path in inside.get(folder, set()) - dropped:
                name, real = path.rpartition("/")[2], self.followed(path)
                if real in self.files:
                    yield name, self.files[real]
                if not f"{folder}/".startswith(f"{real}/"):  # a link to a folder it lies in
                    yield from ((f"{name}/{inner}", file) for inner, file in below(real))

        return dict(below(folder))

    def followed(self, path: str) -> str:
        """The path that a chain of links ends in."""
        for _ in range(10):
            if path not in self.links:
                break
            above = path.rpartition("/")[0]
            path = os.path.normpath(os.path.join("/", above, self.links[path])).lstrip("/")  # noqa: PTH118  # a link's text may be absolute
        return path


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


def candidates(packages: Collection[str]) -> dict[str, str]:
    """The version that apt would install of each package that it knows."""
    if not packages:
        return {}
    policy = run("Debian packages", ("apt-cache", "policy", *packages))
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


def commit(branch: str, author: str, date: int, message: str, *, on_top: bool) -> Iterator[bytes]:
    """The beginning of a commit for `git fast-import`: on top of the branch, or its first."""
    yield f"commit refs/heads/{branch}\n".encode()
    yield f"author {author} {date} +0000\ncommitter {author} {date} +0000\n".encode()
    yield from sized(message.encode())
    if on_top:
        yield f"from refs/heads/{branch}^0\n".encode()


def sized(content: bytes) -> tuple[bytes, ...]:
    """Bytes as `git fast-import` reads them."""
    return f"data {len(content)}\n".encode(), content, b"\n"


def quoted(path: str) -> str:
    """A path as `git fast-import` reads it."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def fast_import(repository: str, folder: Path, commands: Iterable[bytes], *options: str) -> None:
    """Run `git fast-import` on a stream of its commands."""
    command = ("git", *options, "-C", str(folder), "fast-import", "--quiet", "--done")
    with (
        TemporaryFile() as errors,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stderr=errors, env=environment()
        ) as process,
    ):
        with suppress(BrokenPipeError):  # its own message says more
            process.stdin.writelines(commands)  # type: ignore[union-attr]  # it is a pipe
            process.stdin.write(b"done\n")  # type: ignore[union-attr]  # as above
            process.stdin.flush()  # type: ignore[union-attr]  # as above
        if process.wait():
            errors.seek(0)
            raise MirrorFailed(repository, command, last_lines(errors.read().decode()))


def git(repository: str, folder: Path, *arguments: str) -> str:
    """What git prints about a mirror."""
    return run(repository, ("git", "-C", str(folder), *arguments))


def run(repository: str, command: tuple[str, ...], folder: Path | None = None) -> str:
    """What a command prints; raises MirrorFailed with its last words."""
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment(), capture_output=True, text=True, check=False
        )
    except OSError as problem:
        raise MirrorFailed(repository, command, str(problem)) from None
    if done.returncode:
        raise MirrorFailed(repository, command, last_lines(done.stderr or done.stdout))
    return done.stdout


def environment() -> dict[str, str]:
    """Ours, without what would make git or apt speak or act differently on another machine."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return kept | {
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",  # root may have made what another user now renews
        "GIT_CONFIG_VALUE_0": "*",
    }


def last_lines(output: str) -> str:
    """The end of what a failed command printed, on one line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("W: ")] or lines  # apt's asides
    return "; ".join(lines[-2:]) or "it failed without a word"
