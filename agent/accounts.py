"""The unprivileged account of each component's processes, on servers where root deploys."""

import grp
import json
import os
import pwd
from collections.abc import Iterable
from pathlib import Path

from agent import lock
from agent.account_numbers import RANGE
from agent.component_directory import ComponentDirectory, write_atomically
from agent.errors import AgentError
from agent.server import Server
from model.release import Manifest


def account(directory: ComponentDirectory, manifest: Manifest) -> int | None:
    """The number of the component's own user and group; None without root or without services."""
    if os.geteuid() or not manifest.services:
        return None
    path = directory.server.state / "accounts.json"
    with lock.exclusive(path.with_suffix(".lock"), f"an account for {directory.component}"):
        numbers: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
        if directory.component not in numbers:
            numbers[directory.component] = unused_number(numbers.values())
            write_atomically(path, json.dumps(numbers, indent=2) + "\n", 0o600)
    return numbers[directory.component]


def unused_number(used: Iterable[int]) -> int:
    """The first number that neither a component nor the server's user database uses."""
    users = {user.pw_uid for user in pwd.getpwall()}
    groups = {group.gr_gid for group in grp.getgrall()}
    unused = (number for number in RANGE if number not in {*used, *users, *groups})
    if (first := next(unused, None)) is None:
        raise AgentError(f"no account is left between {RANGE.start} and {RANGE.stop - 1}")
    return first


def edge_group(server: Server) -> int | None:
    """The number of the group as which the edge reaches processes."""
    if not server.edge_group:
        return None
    try:
        return grp.getgrnam(server.edge_group).gr_gid
    except KeyError:
        raise AgentError(
            f"key 'edge_group': this server has no group {server.edge_group}"
        ) from None


def change_owner(tree: Path, owner: int | None, group: int | None) -> None:
    """Make a tree writable for its owner and readable for the group; without an owner, do nothing.

    The owner's own group is used when no group is given.
    """
    if owner is None:
        return
    group = owner if group is None else group
    # Bottom up: otherwise the new owner could replace a folder before its files are changed.
    for folder, _, files in os.walk(tree, topdown=False):
        for name in files:
            os.chown(f"{folder}/{name}", owner, group, follow_symlinks=False)
        # setgid: new files inherit the folder's group.
        Path(folder).chmod(0o2750)
        os.chown(folder, owner, group)
