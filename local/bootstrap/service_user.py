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

from local.bootstrap import folders
from local.errors import CommandError

NAME = "www-data"
"""Debian has this user on every machine; it owns nothing but folders in `var/`."""

NOBODY = 65534
"""Whoever may enter a folder as this user, may as any: https://systemd.io/UIDS-GIDS/."""

IN_NAMESPACE = "SLIPWAY_MOUNTED"
"""Set in the private mount namespace in which the service user can enter the checkout."""


def prepare_var(var: Path, user: pwd.struct_passwd) -> None:
    """Make `var` root's, where the user may add folders but cannot replace what root runs there."""
    folders.share(var, user.pw_gid)
    for path in (var / "cache", var / "home"):
        folders.ensure_given(path, user.pw_uid, user.pw_gid)


def become(checkout: Path, user: pwd.struct_passwd) -> None:
    """Become the user for good; raises CommandError for one who cannot read the checkout."""
    open_checkout(checkout, user)
    folders.drop_rights(user.pw_uid, user.pw_gid)
    require_readable(checkout)


def open_checkout(checkout: Path, user: pwd.struct_passwd) -> None:
    """Have a checkout that the user can enter at its own path.

    Starts this command again in a mount namespace if it is closed. Raises CommandError when that is
    impossible.
    """
    if os.environ.get(IN_NAMESPACE):
        mount_checkout(checkout, user, Path("/mnt"))
    elif topmost_closed(checkout, user):
        restart_in_namespace(checkout, user)


def service_user(var: Path) -> pwd.struct_passwd:
    """The ordinary user to whom `var` belongs; www-data if it is root's or missing."""
    owner = var.lstat().st_uid if var.exists() else 0
    return account(owner) if owner else pwd.getpwnam(NAME)


def account(user: int) -> pwd.struct_passwd:
    """An account by its number; one without a name has the group of the same number alone."""
    try:
        return pwd.getpwuid(user)
    except KeyError:
        return pwd.struct_passwd((str(user), "x", user, user, "", "/", "/bin/sh"))


def is_root_s(var: Path) -> bool:
    """Whether root keeps its own files in `var`, as it does unless an ordinary user owns it."""
    return service_user(var).pw_name == NAME


def require_root_s(var: Path) -> None:
    """Raises CommandError for a `var` of an ordinary user, who could replace what root runs."""
    if not is_root_s(var):
        owner = service_user(var).pw_name
        raise CommandError(f"{var} belongs to {owner}: root runs nothing that is there")


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


def environment(outer: Mapping[str, str], venv: Path, folder: Path) -> dict[str, str]:
    """The environment of a command of ours, with its home and its caches in `folder`."""
    return {
        **passed_on(outer),
        "PATH": f"{venv}/bin:{folders.PATH}",
        "HOME": str(folder / "home"),
        "LANG": "C.UTF-8",
        "TERM": outer.get("TERM", "dumb"),
        "PYTHONPYCACHEPREFIX": str(folder / "cache" / "pycache"),
        "PIP_CACHE_DIR": str(folder / "cache" / "pip"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "npm_config_cache": str(folder / "cache" / "npm"),
        **git_safe_directories(venv.parents[1]),
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
