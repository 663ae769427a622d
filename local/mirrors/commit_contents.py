"""The files of a mirror's commit: those of Debian packages, or of a folder of the site."""

import os
import subprocess
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile

from local.mirrors.fast_import import sized
from local.mirrors.git_commands import MirrorError, last_lines


@dataclass
class Contents:
    """The files and links of packages or of a folder; the bytes go to `git fast-import`."""

    files: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Each file's mode in git and its mark in the stream."""
    links: dict[str, str] = field(default_factory=dict)
    """The target of each link."""
    date: int = 0
    """The time of the newest file of the folder or the first package, in seconds since 1970."""

    def of_folder(self, folder: Path) -> Iterator[bytes]:
        """The files below a folder of the site."""
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = path.relative_to(folder).as_posix()
            yield from self.blob(name, path.stat().st_mode, path.read_bytes())

    def of_packages(self, repository: str, archives: Iterable[Path]) -> Iterator[bytes]:
        """The files of a Debian package and of what its links point to.

        Nothing is unpacked to disk, which is slower.
        """
        date = 0
        for archive in archives:
            command = ("dpkg-deb", "--fsys-tarfile", str(archive))
            with (
                TemporaryFile() as errors,
                subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as process,
            ):
                tar_error = ""
                try:
                    with tarfile.open(fileobj=process.stdout, mode="r|") as packed:
                        for member in packed:
                            yield from self.member(packed, member)
                    process.stdout.read()  # type: ignore[union-attr]  # it is a pipe
                except tarfile.TarError as error:
                    tar_error = str(error)
                if process.wait() or tar_error:
                    errors.seek(0)
                    output = errors.read().decode() or tar_error
                    raise MirrorError(repository, command, last_lines(output))
            date = date or self.date
        self.date = date

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
        """The files below a folder, with each link replaced by its target.

        A link without a target is left out: each machine creates that target itself.
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
                name, real = path.rpartition("/")[2], self.resolve(path)
                if real in self.files:
                    yield name, self.files[real]
                if not f"{folder}/".startswith(f"{real}/"):  # a link to a folder it lies in
                    yield from ((f"{name}/{inner}", file) for inner, file in below(real))

        return dict(below(folder))

    def resolve(self, path: str) -> str:
        """The target of a chain of links."""
        for _ in range(10):
            if path not in self.links:
                break
            above = path.rpartition("/")[0]
            path = os.path.normpath(os.path.join("/", above, self.links[path])).lstrip("/")  # noqa: PTH118  # a link's text may be absolute
        return path
