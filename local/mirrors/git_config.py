"""How git on this machine and elsewhere maps repositories to their mirrors (`insteadOf`)."""

import os
from collections.abc import Iterator
from pathlib import Path


def git_config(mirrors: Path) -> str:
    """A configuration (GIT_CONFIG_GLOBAL) with which git uses each mirror for its repository.

    Repositories without a mirror are fetched from their own addresses.
    """
    pairs = repositories(mirrors.absolute())
    return (
        "".join(instead_of(address, f"file://{folder}") for address, folder in pairs)
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
    """The mapping for another machine, to which the mirrors are served below a URL."""
    root = mirrors.absolute()
    pairs = ((address, folder.relative_to(root)) for address, folder in repositories(root))
    return "".join(instead_of(address, f"{url}{folder}") for address, folder in pairs)


def instead_of(address: str, mirror: str) -> str:
    url, repository = (part.replace("\\", "\\\\").replace('"', '\\"') for part in (mirror, address))
    return f'[url "{url}"]\n\tinsteadOf = "{repository}"\n'


def repositories(mirrors: Path) -> Iterator[tuple[str, Path]]:
    """The address and folder of each mirror: `<mirrors>/github.com/owner/name.git`."""
    for folder, inner, _ in os.walk(mirrors):
        bare = [name for name in sorted(inner) if name.endswith(".git")]
        inner[:] = sorted(name for name in set(inner) - {*bare} if not name.startswith("."))
        for name in bare:
            path = Path(folder, name)
            yield f"https://{path.relative_to(mirrors).as_posix()}", path


def mirror_folder(repository: str, mirrors: Path) -> Path:
    """The folder of a repository's mirror."""
    return mirrors / repository.partition("://")[2]
