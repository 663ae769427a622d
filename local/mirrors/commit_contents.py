"""What a mirror's commit holds: the files of Debian packages or of a folder of the site."""

import os
import subprocess
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile

from local.mirrors.commands import MirrorFailed, last_lines
from local.mirrors.fast_import import sized


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
