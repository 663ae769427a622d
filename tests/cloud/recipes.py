"""The recipes of images: which release of Debian, which packages, files and commands."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from local.bootstrap.packages import INSTALL_FROM_OLDER
from local.errors import CommandError
from servers.debian_releases import RELEASES, DebianRelease
from tests.cloud.host import sources, system_files
from tests.cloud.layout import HERE


@dataclass(frozen=True)
class Recipe:
    """What a tree is made of."""

    name: str
    release: DebianRelease
    packages: tuple[str, ...]
    base: "Recipe | None" = None
    """Whose tree lies below; None for a tree of Debian alone."""
    run: str = ""
    """Shell, executed inside as root beside the files."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    dated: bool = False
    """Whether the image's name ends with the day on which it was made."""

    @property
    def digest(self) -> str:
        """What the tree depends on: this, the tree below it, and how the host finds packages."""
        below = self.base.digest if self.base else sources(self.release)
        files = [(name, content.decode()) for name, content in self.files.items()]
        values = (self.name, self.packages, self.run, files, below, system_files())
        # Bytes only appear in system files, as text.
        return sha256(json.dumps(values, default=bytes.decode).encode()).hexdigest()[:12]


def read(name: str) -> Recipe:
    """The recipe of that name, or in that file; raises CommandError when it is not there.

    A recipe names the `base` that it builds upon, or the `release` of Debian. With `server`, it has
    the packages of a server of this release too.
    """
    path = Path(name) if name.endswith(".toml") else HERE / "images" / f"{name}.toml"
    try:
        values = tomllib.loads(path.read_text())
        beside = [path.parent / file for file in values.pop("files", ())]
        files = {file.name: file.read_bytes() for file in beside}
        base = read(values.pop("base")) if "base" in values else None
        release = base.release if base else named(values.pop("release"))
        packages = tuple(values.pop("packages", ()))
        if values.pop("server", False):
            packages = (*release.server_packages, *packages)
        if release.from_older.keys() & set(packages):
            files[INSTALL_FROM_OLDER.name] = INSTALL_FROM_OLDER.read_bytes()
        return Recipe(path.stem, release, packages, base, files=files, **values)
    except (OSError, KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        raise CommandError(f"{path}: {error!r}") from None


def named(codename: str) -> DebianRelease:
    """The release of that codename; raises KeyError with those that are allowed."""
    releases = {release.codename: release for release in RELEASES}
    if codename not in releases:
        raise KeyError(f"key 'release': '{codename}' is none of {', '.join(releases)}")
    return releases[codename]


def own_recipes() -> list[Recipe]:
    """Ours, each after the one that it builds upon."""
    found = (read(path.stem) for path in sorted((HERE / "images").glob("*.toml")))
    return sorted(found, key=lambda recipe: recipe.base is not None)
