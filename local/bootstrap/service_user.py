"""No program runs as root: a command that root started goes on as the service user.

Standard library only: this runs before the virtual environment exists.
"""

import os
import pwd
import shlex
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from local.errors import CommandError

NAME = "www-data"
"""Debian has this user on every machine; of the checkout it owns only `var/`."""

IN_NAMESPACE = "SLIPWAY_MOUNTED"
"""Set in the private mount namespace in which the service user can enter the checkout."""


def become(checkout: Path, var: Path) -> None:
    """Give `var` to the service user and become that user.

    Starts this command again in a mount namespace if the user cannot enter the checkout. Raises
    CommandError when that is impossible.
    """
    user = service_user(var)
    give(var, user)
    if os.environ.get(IN_NAMESPACE):
        mount_checkout(checkout, user, Path("/mnt"))
    elif topmost_closed(checkout, user):
        restart_in_namespace(checkout, user)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    require_readable(checkout)


def service_user(var: Path) -> pwd.struct_passwd:
    """The owner of `var`, if that is not root; else www-data."""
    owner = var.stat().st_uid if var.exists() else 0
    return pwd.getpwuid(owner) if owner else pwd.getpwnam(NAME)


def give(var: Path, user: pwd.struct_passwd) -> None:
    """Create `var` and give all of it to the user, except for the test cloud, which is root's."""
    cache = var / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for path in (var, cache):
        os.chown(path, user.pw_uid, user.pw_gid)
    entries = (path for path in (*var.iterdir(), *cache.iterdir()) if path != var / "cloud")
    foreign = [path for path in entries if path.lstat().st_uid != user.pw_uid]
    if foreign:
        chown = ("chown", "--recursive", "--no-dereference", f"{user.pw_uid}:{user.pw_gid}")
        subprocess.run((*chown, "--", *foreign), check=True)


def topmost_closed(path: Path, user: pwd.struct_passwd) -> Path | None:
    """The topmost of `path` and its parents which the user may not enter."""
    folders = (*reversed(path.parents), path)
    return next((folder for folder in folders if not is_enterable(folder.stat(), user)), None)


def is_enterable(folder: os.stat_result, user: pwd.struct_passwd) -> bool:
    """Whether the mode lets the user enter; access control lists are ignored."""
    if folder.st_uid == user.pw_uid:
        return bool(folder.st_mode & stat.S_IXUSR)
    if folder.st_gid == user.pw_gid:
        return bool(folder.st_mode & stat.S_IXGRP)
    return bool(folder.st_mode & stat.S_IXOTH)


def restart_in_namespace(checkout: Path, user: pwd.struct_passwd) -> None:
    """Start this command again in a private mount namespace; never returns."""
    unshare = ("unshare", "--mount", "--propagation", "private")
    allowed = subprocess.run((*unshare, "true"), capture_output=True, check=False)
    if allowed.returncode:
        raise CommandError(closed_message(checkout, user))
    os.environ[IN_NAMESPACE] = "1"
    os.execvp(unshare[0], (*unshare, *sys.orig_argv))  # noqa: S606  # the command that is running


def closed_message(checkout: Path, user: pwd.struct_passwd) -> str:
    folders = (*reversed(checkout.parents), checkout)
    closed = [str(folder) for folder in folders if not is_enterable(folder.stat(), user)]
    command = shlex.join(("chmod", "a+x", *closed))
    return f"{user.pw_name} cannot enter {checkout}; open it with: {command}"


def mount_checkout(checkout: Path, user: pwd.struct_passwd, aside: Path) -> None:
    """Mount the checkout again at its own path, in folders that the user may enter.

    If the checkout itself is closed, its entries are mounted, since a bind mount keeps its mode.
    """
    topmost = topmost_closed(checkout, user)
    if topmost is None:
        return
    mount("--bind", checkout, aside)
    mount("-t", "tmpfs", "-o", "mode=755,size=1m", "slipway", topmost)
    checkout.mkdir(parents=True, exist_ok=True)
    if is_enterable(aside.stat(), user):
        mount("--move", aside, checkout)
    else:
        for entry in sorted(aside.iterdir()):
            mount_entry(entry, checkout / entry.name)
        subprocess.run(("umount", "--lazy", aside), check=True)
    os.chdir(checkout)


def mount_entry(entry: Path, path: Path) -> None:
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


def require_readable(checkout: Path) -> None:
    """Raises CommandError when others cannot read the checkout, as after umask 077."""
    sample = (checkout, checkout / "local", Path(__file__))
    if not all(os.access(path, os.R_OK) for path in sample):
        command = shlex.join(("chmod", "-R", "a+rX", str(checkout)))
        raise CommandError(
            f"other users cannot read the files in {checkout}; open them with: {command}"
        )


PASSED_ON = ("COLUMNS", "NO_COLOR", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE")
PASSED_ON_PREFIXES = ("PIP_", "SLIPWAY_")
PROXIES = ("http_proxy", "https_proxy", "no_proxy")


def environment(outer: Mapping[str, str], venv: Path, var: Path) -> dict[str, str]:
    """The environment of a command of ours, the same for every user."""
    return {
        **passed_on(outer),
        "PATH": f"{venv}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(var / "home"),
        "LANG": "C.UTF-8",
        "TERM": outer.get("TERM", "dumb"),
        "PYTHONPYCACHEPREFIX": str(var / "cache" / "pycache"),
        "PIP_CACHE_DIR": str(var / "cache" / "pip"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        **git_safe_directories(var.parent),
    }


def passed_on(outer: Mapping[str, str]) -> dict[str, str]:
    """The variables that our commands take over, such as proxies."""

    def is_passed_on(name: str) -> bool:
        by_name = name in PASSED_ON or name.startswith(PASSED_ON_PREFIXES)
        return by_name or name.lower() in PROXIES

    return {name: value for name, value in outer.items() if is_passed_on(name)}


def git_safe_directories(*folders: Path) -> dict[str, str]:
    """Variables that let git use repositories of other owners, such as the checkout."""
    keys = {f"GIT_CONFIG_KEY_{n}": "safe.directory" for n, _ in enumerate(folders)}
    values = {f"GIT_CONFIG_VALUE_{n}": str(folder) for n, folder in enumerate(folders)}
    return {"GIT_CONFIG_COUNT": str(len(folders)), **keys, **values}
