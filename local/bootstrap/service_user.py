"""Root starts nothing here: how a command of root's goes on as the unprivileged service user.

Standard library only: this runs before the virtual environment exists.
"""

import os
import pwd
import shlex
import stat
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from local.errors import CommandError

NAME = "www-data"
"""Debian has this user on every machine; here it owns nothing but `var/`."""

VISIBLE = "SLIPWAY_MOUNTED"
"""Set in the private mount namespace in which the checkout can be entered."""


def become(checkout: Path, var: Path) -> None:
    """Give `var` to the service user and go on as that user, who can then enter the checkout.

    May start this very command again in a mount namespace. Raises CommandError when the checkout
    cannot be made visible.
    """
    user = chosen(var)
    give(var, user)
    if os.environ.get(VISIBLE):
        show(checkout, user, Path("/mnt"))
    elif closed(checkout, user):
        again_in_a_namespace(checkout, user)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    readable(checkout)


def chosen(var: Path) -> pwd.struct_passwd:
    """Whoever `var` belongs to already, so that root can help an ordinary user; else our own."""
    owner = var.stat().st_uid if var.exists() else 0
    return pwd.getpwuid(owner) if owner else pwd.getpwnam(NAME)


def give(var: Path, user: pwd.struct_passwd) -> None:
    """Create `var`, and hand over whatever root's own tools left there; the test cloud stays."""
    cache = var / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for path in (var, cache):
        os.chown(path, user.pw_uid, user.pw_gid)
    entries = (path for path in (*var.iterdir(), *cache.iterdir()) if path != var / "cloud")
    foreign = [path for path in entries if path.lstat().st_uid != user.pw_uid]
    if foreign:
        chown = ("chown", "--recursive", "--no-dereference", f"{user.pw_uid}:{user.pw_gid}")
        subprocess.run((*chown, "--", *foreign), check=True)


def closed(path: Path, user: pwd.struct_passwd) -> Path | None:
    """The topmost folder on the way to, and including, `path` which the user may not enter."""
    way = (*reversed(path.parents), path)
    return next((folder for folder in way if not enterable(folder.stat(), user)), None)


def enterable(folder: os.stat_result, user: pwd.struct_passwd) -> bool:
    """Whether the mode lets the user pass through; access lists are not looked at."""
    if folder.st_uid == user.pw_uid:
        return bool(folder.st_mode & stat.S_IXUSR)
    if folder.st_gid == user.pw_gid:
        return bool(folder.st_mode & stat.S_IXGRP)
    return bool(folder.st_mode & stat.S_IXOTH)


def again_in_a_namespace(checkout: Path, user: pwd.struct_passwd) -> None:
    """Start this very command again where mounts are seen by us alone; returns never."""
    unshare = ("unshare", "--mount", "--propagation", "private")
    allowed = subprocess.run((*unshare, "true"), capture_output=True, check=False)
    if allowed.returncode:
        raise CommandError(cannot_enter(checkout, user))
    os.environ[VISIBLE] = "1"
    os.execvp(unshare[0], (*unshare, *sys.orig_argv))  # noqa: S606  # the command that is running


def cannot_enter(checkout: Path, user: pwd.struct_passwd) -> str:
    way = (*reversed(checkout.parents), checkout)
    shut = [str(folder) for folder in way if not enterable(folder.stat(), user)]
    opening = shlex.join(("chmod", "a+x", *shut))
    return f"{user.pw_name} cannot enter {checkout}; open the way with: {opening}"


def show(checkout: Path, user: pwd.struct_passwd, aside: Path) -> None:
    """Mount the checkout at its own path again, below nothing that is closed.

    A checkout which is itself closed is shown entry by entry, since a bind mount keeps its mode.
    """
    topmost = closed(checkout, user)
    if topmost is None:
        return
    mount("--bind", checkout, aside)
    mount("-t", "tmpfs", "-o", "mode=755,size=1m", "slipway", topmost)
    checkout.mkdir(parents=True, exist_ok=True)
    if enterable(aside.stat(), user):
        mount("--move", aside, checkout)
    else:
        for entry in sorted(aside.iterdir()):
            place(checkout / entry.name, entry)
        subprocess.run(("umount", "--lazy", aside), check=True)
    os.chdir(checkout)


def place(path: Path, entry: Path) -> None:
    if entry.is_symlink():
        path.symlink_to(entry.readlink())
        return
    if entry.is_dir():
        path.mkdir()
    else:
        path.touch()
    mount("--bind", entry, path)


def mount(*arguments: str | Path) -> None:
    subprocess.run(("mount", *arguments), check=True)


def readable(checkout: Path) -> None:
    """Refuse a checkout whose files others may not read, such as one made under umask 077."""
    sample = (checkout, checkout / "local", Path(__file__))
    if not all(os.access(path, os.R_OK) for path in sample):
        opening = shlex.join(("chmod", "-R", "a+rX", str(checkout)))
        raise CommandError(
            f"other users cannot read the files in {checkout}; open them with: {opening}"
        )


KEPT = ("COLUMNS", "NO_COLOR", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE")
KEPT_PREFIXES = ("PIP_", "SLIPWAY_")
PROXIES = ("http_proxy", "https_proxy", "no_proxy")


def environment(given: Mapping[str, str], venv: Path, var: Path) -> dict[str, str]:
    """What a command of ours finds in its environment, whoever started it."""
    return {
        **kept(given),
        "PATH": f"{venv}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(var / "home"),
        "LANG": "C.UTF-8",
        "TERM": given.get("TERM", "dumb"),
        "PYTHONPYCACHEPREFIX": str(var / "cache" / "pycache"),
        "PIP_CACHE_DIR": str(var / "cache" / "pip"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        **git_trusts(var.parent),
    }


def kept(given: Mapping[str, str]) -> dict[str, str]:
    def keep(name: str) -> bool:
        return name in KEPT or name.startswith(KEPT_PREFIXES) or name.lower() in PROXIES

    return {name: value for name, value in given.items() if keep(name)}


def git_trusts(*folders: Path) -> dict[str, str]:
    """Git refuses repositories of other owners; the checkout's owner is who started us."""
    pairs: Iterable[tuple[int, Path]] = enumerate(folders)
    named = {f"GIT_CONFIG_KEY_{n}": "safe.directory" for n, _ in enumerate(folders)}
    valued = {f"GIT_CONFIG_VALUE_{n}": str(folder) for n, folder in pairs}
    return {"GIT_CONFIG_COUNT": str(len(folders)), **named, **valued}
