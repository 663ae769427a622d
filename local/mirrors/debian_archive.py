"""The packages of one release of Debian: their versions and their files."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from local.bootstrap.packages import this_release
from local.debian_sources import LISTING, sources
from local.mirrors.git_commands import MirrorError, run
from servers.debian_releases import RELEASES, DebianRelease

ACTOR = "Debian packages"
"""Stands for the repository in an error that concerns all of them."""


@dataclass(frozen=True)
class DebianArchive:
    """What apt knows about a release."""

    cache: Path
    """Keeps downloaded packages."""
    options: tuple[str, ...]
    """For each command of apt."""

    def versions(self, packages: Collection[str]) -> dict[str, str]:
        """The version that apt would install of each package that it knows."""
        if not packages:
            return {}
        policy = run(ACTOR, ("apt-cache", *self.options, "policy", *packages))
        stanza = re.compile(r"^(\S+):\n(?:  .*\n)*?  Candidate: (?!\(none\))(\S+)$", re.MULTILINE)
        return dict(stanza.findall(policy))

    def file(self, repository: str, package: str, version: str | None) -> Path:
        """The file of a package, downloaded unless it is in the cache; raises MirrorError."""
        if not version:
            command = ("apt-cache", "policy", package)
            raise MirrorError(repository, command, "unknown package; try apt-get update")
        self.cache.mkdir(parents=True, exist_ok=True)
        # apt percent-encodes the version in a file's name
        pattern = f"{package}_{quote(version, safe='+~').lower()}_*.deb"
        if not any(self.cache.glob(pattern)):
            with TemporaryDirectory(prefix="downloading-", dir=self.cache) as folder:
                download = ("apt-get", *self.options, "-q", "-o", "Acquire::Retries=1", "download")
                run(repository, (*download, f"{package}={version}"), Path(folder))
                for archive in Path(folder).glob("*.deb"):
                    archive.rename(self.cache / archive.name)
        return next(self.cache.glob(pattern))


def debian_archive(codename: str | None, cache: Path) -> DebianArchive:
    """That of a release, of which apt learns only here; None: that of this machine."""
    if codename in (None, this_release().codename):
        # In container images apt has no such file, and reads every list again each time.
        cache_file = f"Dir::Cache::pkgcache={cache.absolute() / 'pkgcache.bin'}"
        return DebianArchive(cache, ("--option", cache_file))
    release = next((found for found in RELEASES if found.codename == codename), None)
    if not release:
        allowed = ", ".join(found.codename for found in RELEASES)
        raise MirrorError(ACTOR, ("read", "mirrors.toml"), f"key 'debian': allowed are {allowed}")
    folder = cache.absolute() / f"apt-{codename}"
    configuration = configure_apt(folder, release)
    run(ACTOR, ("apt-get", "-c", str(configuration), "update"))
    return DebianArchive(cache, ("-c", str(configuration)))


def configure_apt(folder: Path, release: DebianRelease) -> Path:
    """The file by which apt knows another release than this machine's, and nothing installed."""
    (folder / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    listed = sources(run(ACTOR, LISTING), this_release(), release)
    (folder / "sources.list").write_text("\n".join(listed) + "\n")
    (folder / "status").write_text("")
    file = folder / "apt.conf"
    file.write_text(
        "#clear APT::Update::Post-Invoke;\n"
        "#clear APT::Update::Post-Invoke-Success;\n"
        f'Dir::Etc::SourceList "{folder}/sources.list";\n'
        'Dir::Etc::SourceParts "/dev/null";\n'
        f'Dir::State::Lists "{folder}/lists";\n'
        f'Dir::State::status "{folder}/status";\n'
        f'Dir::Cache::pkgcache "{folder}/pkgcache.bin";\n'
        'Dir::Cache::srcpkgcache "";\n'
        'Acquire::Languages "none";\n'
    )
    return file
