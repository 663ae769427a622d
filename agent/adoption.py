"""Open what a server has already to the accounts that its components have from now on."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from agent.accounts import (
    WRITE,
    Folder,
    component_folders,
    edge_folders,
    group_number,
    open_tree,
)
from agent.component_directory import BACKUPS, ComponentDirectory
from agent.configuration import open_configuration
from agent.server import Server


def adopt(server: Server, components: Iterable[str]) -> None:
    """Repeated after an interruption, it does the rest; what is open stays as it is.

    Must come before the folders get their new groups, because those say that this was done.
    """
    if server.edge and is_foreign(server.certificates, server.edge):
        open_folders(edge_folders(server))
    for component in components:
        if component in server.accounts:
            adopt_component(ComponentDirectory(server, component))


def adopt_component(directory: ComponentDirectory) -> None:
    account = directory.server.accounts[directory.component]
    if not is_foreign(directory.path, account.readers):
        return
    group = group_number(account.group)
    for instance in directory.instances():
        open_configuration(directory.tree(instance), group)
    for path in directory.shared.glob("*"):
        if path.is_dir() and path.name != BACKUPS:
            open_tree(path, group)
    forget_processes(directory)
    open_folders(component_folders(directory.server, directory.component))


def forget_processes(directory: ComponentDirectory) -> None:
    """Remove what another account's processes have left: they have ended, and start again."""
    server, component = directory.server, directory.component
    folders = (
        server.services(component),
        server.sockets / component,
        server.php_socket(component).parent,
        # PHP takes no session of another account: visitors log in again.
        server.php_folder(component, "sessions"),
    )
    for entry in (entry for folder in folders for entry in folder.glob("*")):
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def open_folders(folders: Iterable[Folder]) -> None:
    """Open everything that is in the folders in which others than the agent write."""
    for folder in folders:
        if folder.mode == WRITE and folder.group and folder.path.is_dir():
            open_tree(folder.path, group_number(folder.group))


def is_foreign(path: Path, group: str) -> bool:
    """Whether a folder exists that is not yet the group's."""
    return path.is_dir() and path.stat().st_gid != group_number(group)
