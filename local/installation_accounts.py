"""The accounts of an installation that root starts: `local/account_names.py` says which.

They are numbers without names, so that nothing outside the installation's folder is changed. Only
`bin/` gives a name to the programs that ask for one. Standard library only: `make stop` needs it.
"""

import grp
import json
import os
import pwd
import stat
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from agent.account_numbers import RANGE
from agent.process_group import Process, living_processes
from local import account_names
from local.account_names import MASTER
from local.bootstrap import folders, service_user
from local.bootstrap.service_user import NAME
from local.errors import CommandError
from local.layout import CHECKOUT, Layout, is_separate

NAMED = {"mariadbd": "/usr/sbin/mariadbd", "ssh": "/usr/bin/ssh"}
"""MariaDB identifies a client by the name of its account, and OpenSSH refuses one without a name:

https://mariadb.com/kb/en/authentication-plugin-unix-socket/.
"""
WITH_NAME = """#!/bin/sh
export NSS_WRAPPER_PASSWD={folder}/passwd NSS_WRAPPER_GROUP={folder}/group
LD_PRELOAD=libnss_wrapper.so exec {program} "$@"
"""
"""https://cwrap.org/nss_wrapper.html"""


def numbers(layout: Layout) -> dict[str, int]:
    """The number of each account, by name; raises CommandError for a damaged file."""
    with folders.opened(layout.state) as state:
        file = os.open(layout.accounts.name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=state)
        with os.fdopen(file) as text:
            if os.fstat(file).st_uid:
                raise CommandError(f"{layout.accounts} is not root's")
            read: dict[str, int] = json.load(text)
    return read


def choose(layout: Layout, names: Sequence[str]) -> dict[str, int]:
    """A number for each name: the one that it has already, or an unused one."""
    chosen = numbers(layout) if is_separate(layout) else {}
    for name in names:
        if name not in chosen:
            chosen[name] = unused_number(f"{layout.state}/{name}", chosen.values())
    return chosen


def write(layout: Layout, chosen: Mapping[str, int]) -> None:
    """Keep the numbers in the installation's folder, which is root's by now."""
    replace(layout.accounts, json.dumps(chosen, indent=2) + "\n")
    write_names(layout, chosen)


def unused_number(seed: str, used: Iterable[int]) -> int:
    """A number that no account of this machine and no process has.

    The search begins at a number that depends on the seed, so that installations of several
    checkouts are unlikely to choose the same.
    """
    taken = {*used, *(user.pw_uid for user in pwd.getpwall()), *process_owners()}
    taken |= {group.gr_gid for group in grp.getgrall()}
    first = int.from_bytes(sha256(seed.encode()).digest()[:4], "big")
    for offset in range(len(RANGE)):
        number = RANGE[(first + offset) % len(RANGE)]
        if number not in taken:
            return number
    raise CommandError(f"no account is left between {RANGE.start} and {RANGE.stop - 1}")


def require_exclusive(layout: Layout, chosen: Mapping[str, int]) -> None:
    """Raises CommandError when a process of another installation runs as one of these accounts."""
    names = {number: name for name, number in chosen.items()}
    for process in living_processes():
        with suppress(OSError):
            name = names.get(Path(f"/proc/{process.pid}").stat().st_uid)
            other = named_state(process)
            if name and other not in ("", str(layout.state)):
                raise CommandError(
                    f"the account {chosen[name]} of {name} is also one of {other}: "
                    "stop that, or make clean here"
                )


def named_state(process: Process) -> str:
    """The installation that is in the environment of a process; empty when it cannot be read."""
    try:
        variables = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return ""
    name = b"SLIPWAY_STATE="
    named = (v.removeprefix(name).decode(errors="replace") for v in variables if v.startswith(name))
    return next(named, "")


def process_owners() -> set[int]:
    owners = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            owners.add(folder.stat().st_uid)
    return owners


def write_names(layout: Layout, accounts: Mapping[str, int]) -> None:
    """Write the programs that run with a name for their account, and that name.

    It is one name for all that are whole parts of the installation, since the databases of older
    ones know their administrator by it. Accounts within an environment have names of their own, so
    no database takes them for its administrator. Without a name, a client ends MariaDB 10.11.
    """
    folders.own(layout.bin)
    numbers = {name: accounts[name] for name in account_names.only_accounts(accounts)}
    names = {name: name if account_names.split(name)[1] else NAME for name in numbers}
    users = [f"{names[name]}:x:{n}:{n}::/:/bin/sh" for name, n in numbers.items()]
    groups = [f"{names[name]}:x:{n}:" for name, n in numbers.items()]
    for name, lines in (("passwd", users), ("group", groups)):
        replace(layout.bin / name, Path("/etc", name).read_text() + "\n".join(lines) + "\n")
    for name, program in NAMED.items():
        script = WITH_NAME.format(folder=layout.bin, program=program)
        replace(layout.bin / name, script, 0o755)


def replace(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file of root's in a folder of root's, whatever others put at its name."""
    draft = f".{path.name}.new"
    with folders.opened(path.parent) as folder:
        with suppress(FileNotFoundError):
            folders.remove(draft, folder)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(draft, flags, mode, dir_fd=folder), "w") as file:
            file.write(text)
        with suppress(FileNotFoundError):
            if stat.S_ISDIR(os.stat(path.name, dir_fd=folder, follow_symlinks=False).st_mode):
                folders.remove(path.name, folder)
        os.rename(draft, path.name, src_dir_fd=folder, dst_dir_fd=folder)


def become_master(layout: Layout) -> None:
    """Go on as the account that has the secrets, if root started this; for good."""
    become_only_account(layout)
    if layout.separate:
        become(layout, MASTER)


def become_only_account(layout: Layout) -> None:
    """Go on as the account of an installation that has only one, if root started this; for good."""
    if os.geteuid() == 0 and not layout.separate:
        become(layout, "")


def become(layout: Layout, name: str) -> None:
    """Go on as an account of an installation, for good; without a name, as that of `var`.

    An installation with a single account belongs to the latter.
    """
    if name:
        chosen = numbers(layout)
        others = account_names.groups(name, chosen)
        folders.drop_rights(chosen[name], chosen[name], others)
        take_environment(layout, name)
    else:
        service_user.become(CHECKOUT, installation_owner(layout))
        os.environ["HOME"] = str(CHECKOUT / "var" / "home")


def take_environment(layout: Layout, name: str) -> None:
    """Have HOME, name and caches of an account in the environment of this process."""
    home = layout.of(name).home
    os.environ |= {
        "HOME": f"{home}",
        "USER": NAME,
        "LOGNAME": NAME,
        "PATH": f"{layout.bin}:{os.environ['PATH']}",
        "PIP_CACHE_DIR": f"{home}/.cache/pip",
    }


def installation_owner(layout: Layout) -> pwd.struct_passwd:
    """The account of an installation that has only one; that of `var` before there is one.

    Raises CommandError for a folder behind a link that another account could have made.
    """
    try:
        with folders.opened(layout.state) as state:
            owner = os.fstat(state).st_uid
    except FileNotFoundError:
        owner = 0
    return service_user.account(owner) if owner else service_user.service_user(CHECKOUT / "var")
