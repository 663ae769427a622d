"""Which account may read and write what on a server where components have accounts of their own.

The agent's account owns everything that is released, and is a member of each component's groups. So
it opens to a component what is the component's without any right of root. The edge's account is
another one: a component could have it follow a link from its uploads to anything that it can read.

| whose | folders | mode |
|---|---|---|
| the component's alone | uploads, sessions, logs | 2770, its own group |
| read by the component | its secrets (files), the configuration of its processes | 0440, 2750 |
| of the component and the edge | its directory in `srv`, public sockets | 0710, 2770, readers |
| of the edge | certificates, access log, its sockets | 2770, the edge's group |

Rendered files with secrets are closed to the edge. Where components have no accounts, all folders
are open to the agent's account alone.
"""

import grp
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from agent import mariadb
from agent.commands import run
from agent.component_directory import ComponentDirectory
from agent.errors import AgentError
from agent.server import Server

ENTER, READ, WRITE = 0o710, 0o2750, 0o2770
"""What the members of a folder's group may do; what is created in the last two is the group's."""
PRIVATE = 0o700


class Folder(NamedTuple):
    """A folder of the server, and what a group may do there."""

    path: Path
    group: str | None = None
    """None: the group of the agent's account."""
    mode: int = ENTER


def folders(server: Server, components: Iterable[str]) -> list[Folder]:
    """The folders that must exist before the services start, outer ones first."""
    tops = (server.srv, server.run, server.state, server.log)
    inner = (server.run / "php", server.run / "s", server.state / "php", server.state / "services")
    own = [Folder(path) for path in (*tops, *inner)]
    own += [Folder(mariadb.temporary_folder(server), mode=PRIVATE)] if server.database else []
    own += edge_folders(server)
    for component in components:
        own += component_folders(server, component)
    return own


def edge_folders(server: Server) -> list[Folder]:
    paths = (server.certificates, server.edge_log, server.admin_socket.parent)
    return [Folder(path, server.edge, WRITE) for path in paths]


def component_folders(server: Server, component: str) -> list[Folder]:
    account = server.accounts.get(component)
    group, readers = (account.group, account.readers) if account else (None, None)
    private = [
        *(server.php_folder(component, kind) for kind in ("sessions", "uploads", "temporary")),
        server.component_log(component),
    ]
    return [
        Folder(server.srv / component, readers),
        Folder(server.services(component), group, READ),
        Folder(server.php_socket(component).parent, readers, WRITE),
        Folder(server.sockets / component, readers, WRITE),
        Folder(server.state / "php" / component, group),
        *(Folder(path, group, WRITE) for path in private),
    ]


def create_folders(server: Server, components: Iterable[str]) -> None:
    """Create the folders with their groups and modes; raises AgentError for an unknown group."""
    for folder in folders(server, components):
        create(server, folder)


def create(server: Server, folder: Folder) -> None:
    folder.path.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    if not server.accounts:
        folder.path.chmod(PRIVATE)
        return
    group = os.getegid() if folder.group is None else group_number(folder.group)
    os.chown(folder.path, -1, group)
    folder.path.chmod(folder.mode)


def group_number(name: str) -> int:
    """The number of a group; raises AgentError."""
    if name.isdigit():
        return int(name)
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise AgentError(f"key 'accounts': this server has no group {name}") from None


def own_group(directory: ComponentDirectory) -> int | None:
    """The group that reads the component's secrets; None where it has no account of its own."""
    account = directory.server.accounts.get(directory.component)
    return group_number(account.group) if account else None


def open_tree(tree: Path, group: int | None) -> None:
    """Let a group, and nobody else, write in a tree."""
    if group is None:
        return
    run(["find", tree, "!", "-type", "l", "-exec", "chgrp", str(group), "{}", "+"])
    run(["chmod", "-R", "g+rwX,o=", tree])
    run(["find", tree, "-type", "d", "-exec", "chmod", "g+s", "{}", "+"])
