"""Folders that several accounts use: root follows and runs nothing that others put there.

Standard library only: this runs before the virtual environment exists.
"""

import os
import pwd
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from local.errors import CommandError

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where root looks for programs; Debian lets nobody else write there."""

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
TRUSTED_GROUPS = (0, 50)
"""Debian's `root` and `staff`, which may write in /usr/local:

https://wiki.debian.org/SystemGroups.
"""
WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def secure_process() -> None:
    """Let root find programs in the system's folders only, and make files that all may read."""
    os.environ["PATH"] = PATH
    os.umask(0o022)


@contextmanager
def opened(path: Path, *, create: bool = False) -> Iterator[int]:
    """A descriptor of a folder that is reached through no link of another account.

    Raises CommandError naming such a link, and OSError for a folder that does not exist.
    """
    folder = os.open("/", FOLDER)
    try:
        for name in path.absolute().parts[1:]:
            if create:
                with suppress(FileExistsError):
                    os.mkdir(name, 0o755, dir_fd=folder)
            inner = open_inner(folder, name, path)
            os.close(folder)
            folder = inner
        yield folder
    finally:
        os.close(folder)


def open_inner(folder: int, name: str, path: Path) -> int:
    """A descriptor of the folder `name` in an open folder; `path` is for the error alone."""
    entry = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if stat.S_ISLNK(entry.st_mode) and is_root_s_link(os.fstat(folder), entry):
        return os.open(name, FOLDER, dir_fd=folder)
    try:
        return os.open(name, FOLDER | os.O_NOFOLLOW, dir_fd=folder)
    except OSError:
        if stat.S_ISLNK(entry.st_mode):
            raise CommandError(f"{path}: root does not follow the link '{name}'") from None
        raise


def is_root_s_link(folder: os.stat_result, link: os.stat_result) -> bool:
    """Whether nobody but root can have made or moved this link."""
    return link.st_uid == folder.st_uid == 0 and not folder.st_mode & WRITABLE_BY_OTHERS


def require_trusted(path: Path, *owners: int) -> None:
    """Raises CommandError for a folder that others than root and these owners could replace."""
    with opened(path, create=True):
        real = path.resolve()
    for folder in (*reversed(real.parents), real):
        status = folder.stat()
        shared = status.st_mode & stat.S_IWOTH or (
            status.st_mode & stat.S_IWGRP and status.st_gid not in TRUSTED_GROUPS
        )
        if status.st_uid not in (0, *owners) or (shared and not status.st_mode & stat.S_ISVTX):
            owner = owner_name(status.st_uid)
            raise CommandError(f"others than root can replace what is in {folder}, of {owner}")


def read_text(path: Path) -> str:
    """The text of a file that no other account has put there as a link or a pipe.

    Raises CommandError.
    """
    try:
        with opened(path.parent) as parent:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            with os.fdopen(os.open(path.name, flags, dir_fd=parent), encoding="utf-8") as file:
                return file.read()
    except OSError as error:
        raise CommandError(f"root cannot read {path}: {error.strerror}") from None


def share(path: Path, group: int, mode: int = 0o1775) -> None:
    """Make `path` a folder of root's in which a group adds entries, and replaces only its own.

    The last is what the sticky bit means: https://man7.org/linux/man-pages/man7/inode.7.html.
    """
    with opened(path, create=True) as folder:
        # First the owner: the former one could otherwise change the mode again.
        os.fchown(folder, 0, group)
        os.fchmod(folder, mode)


def own(path: Path) -> None:
    """Make `path` a folder of root's alone, without anything that others put there before."""
    with opened(path.parent) as parent:
        with suppress(FileNotFoundError):
            entry = os.stat(path.name, dir_fd=parent, follow_symlinks=False)
            if is_root_s_folder(entry):
                return
            remove(path.name, parent)
        # Fails if somebody was faster: what root runs is in a folder that root made.
        os.mkdir(path.name, 0o755, dir_fd=parent)


def is_root_s_folder(entry: os.stat_result) -> bool:
    """Whether an entry is a folder in which root alone can write."""
    mode = entry.st_mode
    return stat.S_ISDIR(mode) and entry.st_uid == 0 and not mode & WRITABLE_BY_OTHERS


def remove(name: str, parent: int) -> None:
    """Remove an entry of an open folder, with everything in it, and nothing that links lead to."""
    if stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
        shutil.rmtree(name, dir_fd=parent)
    else:
        os.unlink(name, dir_fd=parent)


def ensure_given(path: Path, user: int, group: int, mode: int = 0o755) -> None:
    """Create the folder `path` for an account, unless something has this name already."""
    with opened(path.parent) as parent:
        try:
            os.mkdir(path.name, mode, dir_fd=parent)
        except FileExistsError:
            return
        folder = os.open(path.name, FOLDER | os.O_NOFOLLOW, dir_fd=parent)
        try:
            os.fchown(folder, user, group)
        finally:
            os.close(folder)


def hand_over(name: str, parent: int, former: int, user: int) -> None:
    """Give a tree in an open folder to an account, but only what its former owner has.

    What others have stays as it is, whatever names the former owner gave to it there: so do links.
    An interrupted call can be repeated.
    """
    entry = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        status = os.fstat(entry)
        if status.st_uid not in (former, user) or stat.S_ISLNK(status.st_mode):
            return
        # Through the descriptor, since the name may lead elsewhere by now.
        os.chown(f"/proc/self/fd/{entry}", user, user)
        if stat.S_ISDIR(status.st_mode):
            # From here on the former owner can put nothing else into the folder.
            Path(f"/proc/self/fd/{entry}").chmod(stat.S_IMODE(status.st_mode) & ~0o022)
            folder = os.open(".", FOLDER, dir_fd=entry)
            try:
                for inner in os.listdir(folder):  # noqa: PTH208  # a descriptor has no path
                    hand_over(inner, folder, former, user)
            finally:
                os.close(folder)
    finally:
        os.close(entry)


def drop_rights(user: int, group: int, others: Sequence[int] = ()) -> None:
    """Go on as another account, for good: with its own group, and as a member of others."""
    os.setgroups(others)
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)


def empty(folder: Path) -> None:
    """Empty a folder of ours, or create it; raises CommandError for one of another account."""
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        owner = owner_name(folder.stat().st_uid)
        raise CommandError(f"{folder} is out of date and belongs to {owner}: run this as {owner}")
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def owner_name(user: int) -> str:
    """The name of an account, or its number if it has none."""
    with suppress(KeyError):
        return pwd.getpwuid(user).pw_name
    return str(user)
