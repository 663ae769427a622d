"""The unprivileged account that each component's processes have where root deploys."""

import grp
import json
import os
import pwd
from collections.abc import Iterable
from pathlib import Path

from agent import lock
from agent.component_directory import ComponentDirectory, write
from agent.failure import Failure
from agent.server import Server
from model.release import Manifest

RANGE = range(60578, 61184)
"""Nobody else gives these away, and containers have them too: https://systemd.io/UIDS-GIDS/."""


def account(directory: ComponentDirectory, manifest: Manifest) -> int | None:
    """The number of the component's own user and group; none where everything is one account."""
    if os.geteuid() or not manifest.services:
        return None
    path = directory.server.state / "accounts.json"
    with lock.held(path.with_suffix(".lock"), f"an account for {directory.component}"):
        known: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
        if directory.component not in known:
            known[directory.component] = free(known.values())
            write(path, json.dumps(known, indent=2) + "\n", 0o600)
    return known[directory.component]


def free(taken: Iterable[int]) -> int:
    """The first number that no component and nobody else on this server has."""
    others = {user.pw_uid for user in pwd.getpwall()} | {group.gr_gid for group in grp.getgrall()}
    numbers = (number for number in RANGE if number not in {*taken, *others})
    if (first := next(numbers, None)) is None:
        raise Failure(f"no account is left between {RANGE.start} and {RANGE.stop - 1}")
    return first


def edge(server: Server) -> int | None:
    """The number of the group as which the edge reaches processes."""
    if not server.edge_group:
        return None
    try:
        return grp.getgrnam(server.edge_group).gr_gid
    except KeyError:
        raise Failure(f"key 'edge_group': this server has no group {server.edge_group}") from None


def give(tree: Path, owner: int | None, group: int | None) -> None:
    """Make a tree the owner's, readable for the edge and for nobody else; not for None."""
    if owner is None:
        return
    group = owner if group is None else group
    # From the leaves up: nothing given away already lies on the way to what is not.
    for folder, _, files in os.walk(tree, topdown=False):
        for name in files:
            os.chown(f"{folder}/{name}", owner, group, follow_symlinks=False)
        # What is made in it later belongs to the group of the folder.
        Path(folder).chmod(0o2750)
        os.chown(folder, owner, group)
