"""The folder of an installation whose parts have separate accounts: who owns which part of it."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from local import account_names, installation_accounts
from local.account_names import MASTER
from local.as_account import call, run_apart
from local.bootstrap import folders, service_user
from local.bootstrap.service_user import NAME
from local.errors import CommandError
from local.layout import CHECKOUT, Layout
from local.services.programs import worker_accounts
from local.stop import stop
from model.site import Site
from model.site_collisions import LANES

ACCOUNTS, WORKERS = "accounts", "workers"
"""The folders of root's in which each account has one."""
MADE_AGAIN = (WORKERS, "applied.json", "home", "lock", "pids", "supervisord.conf")
"""What an installation with one account has at other paths, or makes again."""
STATE_MODE = 0o1771
"""Others enter it but see no names; the master adds files, and replaces only its own."""
PRIVATE = 0o700
ENTERED = 0o710
"""By members of the group, who know what is in it."""
PASSABLE = 0o711
"""Each folder in it has a mode of its own."""


def prepare(site: Site, layout: Layout) -> Mapping[str, int]:
    """Create what is missing, as root; an installation with one account is stopped and divided.

    Returns the number of each account. Raises CommandError for a folder of somebody else.
    """
    # Whose checkout it is could already have root run anything.
    folders.require_trusted(layout.state.parent, CHECKOUT.stat().st_uid)
    former = former_owner(layout)
    numbers = installation_accounts.choose(layout, names_of(site))
    installation_accounts.require_exclusive(layout, numbers)
    owners = folder_owners(site, layout)
    if former:
        run_apart(lambda: installation_accounts.become(layout, ""), lambda: stop(layout))
        now = {path.name: numbers[name] for path, (name, _) in owners.items()}
        divide(layout, now, numbers[MASTER], former)
    folders.share(layout.state, numbers[MASTER], STATE_MODE)
    installation_accounts.write(layout, numbers)
    for name in (ACCOUNTS, WORKERS):
        folders.own(layout.state / name)
    for path, (name, mode) in owners.items():
        folders.ensure_given(path, numbers[name], numbers[name], mode)
        require_owner(path, numbers[name], mode)
    return numbers


def adopt_clouds(layout: Layout) -> Layout:
    """The installation with a copy of `clouds.yaml` that the master alone can read.

    The credentials that are given to root need not be readable for anybody else.
    """
    if not layout.clouds:
        return layout
    text = folders.read_text(layout.clouds)

    def write() -> None:
        layout.adopted_clouds.touch(mode=0o600)
        layout.adopted_clouds.write_text(text)

    call(layout, MASTER, write)
    return replace(layout, clouds=layout.adopted_clouds)


def names_of(site: Site) -> list[str]:
    """The names of all accounts and groups of the installation of a site."""
    names = [MASTER, *LANES]
    for environment in site.environments:
        names.append(environment.name)
        if not environment.servers:
            names.append(account_names.of_edge(environment.name))
            for component in site.components:
                if component.has_processes:
                    account = account_names.of_component(environment.name, component.name)
                    names += [account, account_names.readers(account)]
    return list(dict.fromkeys(names))


def folder_owners(site: Site, layout: Layout) -> dict[Path, tuple[str, int]]:
    """Each folder with the name of its account, and with its mode."""
    servers = {
        # What provisioning knows of machines is the master's.
        layout.server(e.name): (MASTER if e.servers else e.name, PASSABLE)
        for e in site.environments
    }
    workers = {layout.worker(n): (name, PRIVATE) for n, name in worker_accounts(site).items()}
    accounts = account_names.only_accounts(names_of(site))
    # The environment's account commands the supervisord of each component.
    modes = {name: ENTERED if account_names.split(name)[1] else PRIVATE for name in accounts}
    own = {layout.of(name).own: (name, modes[name]) for name in accounts}
    of_master = dict.fromkeys((layout.master, layout.store, layout.secrets), (MASTER, PRIVATE))
    return {**of_master, **servers, **workers, **own}


def former_owner(layout: Layout) -> int:
    """The only account that an installation has so far; 0 if there is none."""
    try:
        with folders.opened(layout.state) as state:
            owner = os.fstat(state).st_uid
    except FileNotFoundError:
        return 0
    if owner and service_user.account(owner).pw_name != NAME:
        name = folders.owner_name(owner)
        raise CommandError(f"{layout.state} belongs to {name}: run this command as {name}")
    return owner


def divide(layout: Layout, owners: Mapping[str, int], master: int, former: int) -> None:
    """Give each part of an installation that had one account to the account that it has now.

    All that is no other account's is the master's. If this is interrupted, the next start goes on.
    """
    with folders.opened(layout.state) as state:
        for name in os.listdir(state):  # noqa: PTH208  # a path could lead elsewhere by now
            if name in MADE_AGAIN:
                folders.remove(name, state)
            else:
                folders.hand_over(name, state, former, owners.get(name, master))


def require_owner(path: Path, number: int, mode: int) -> None:
    """Set a folder's mode; raises CommandError when it belongs to another account."""
    with folders.opened(path) as folder:
        owner = os.fstat(folder).st_uid
        if owner != number:
            raise CommandError(f"{path} belongs to {folders.owner_name(owner)}, not to {number}")
        os.fchmod(folder, mode)
