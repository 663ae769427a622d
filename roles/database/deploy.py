"""MariaDB, which the agent's account runs and administers through its socket."""

import shlex
from collections.abc import Iterator

from agent import mariadb
from roles.managed_server import ManagedServer, ServiceCheck
from roles.operations import account_file, present, service
from roles.units import unit
from servers.server_accounts import AGENT
from servers.settings import database_script

UNIT = "slipway-database"


def deploy(target: ManagedServer) -> None:
    settings = target.settings
    if not settings.database:
        return
    configuration = mariadb.configuration(settings)
    written = account_file(settings.state / "mariadb.cnf", configuration, AGENT)
    present(
        name="The database's folder",
        path=mariadb.folder(settings),
        script=database_script(settings, settings.database),
        account=AGENT,
    )
    command = shlex.join(map(str, mariadb.command(settings)))
    writes = [mariadb.folder(settings), mariadb.temporary_folder(settings), settings.run]
    own = unit(UNIT, "database", AGENT, command, writes=[*writes, settings.log])
    service(name="Service database", unit=UNIT, restart=[own, written])


def checks(target: ManagedServer) -> Iterator[ServiceCheck]:
    if target.settings.database:
        yield ServiceCheck(UNIT, f"test -e {target.settings.database.socket}")
