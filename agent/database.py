"""A component's own database in this environment: its logins, its backups, and copies of it.

Each instance has a login of its own, so that one may write while visitors of the other one may only
read (`agent/read_only.py`).
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from agent import mariadb
from agent.commands import pipe, run
from agent.component_directory import ComponentDirectory, write_atomically
from agent.disk import FullDiskWatch, require_space, writing
from agent.errors import AgentError, free_bytes
from agent.instance import COPY, Instance
from agent.server import DatabaseServer
from model.reading import Model
from model.release import SHORT, EnvironmentContext, Manifest

LEGACY_LOGIN = "database.json"
"""The file in `shared` with the login of instances that an older agent has configured."""

KEPT_BACKUPS = 5
LITTLE = 8 << 20
"""Bytes: InnoDB makes a large table larger by half of this."""


class DatabaseLogin(Model):
    """`logins/<instance>.json`: how an instance reaches the component's database."""

    name: str
    """The schema."""
    user: str
    password: str
    socket: Path


def database_server(directory: ComponentDirectory) -> DatabaseServer:
    if not directory.server.database:
        raise AgentError(
            f"{directory.component} needs a database; server.toml has no key 'database'"
        )
    return directory.server.database


def execute(directory: ComponentDirectory, statements: str) -> str:
    """Run statements as the administrator; the rows that they print."""
    query = mariadb.query_command(database_server(directory))
    with naming_room(directory):
        return run(query, statements, watch(directory))


def watch(directory: ComponentDirectory) -> FullDiskWatch:
    """What ends a command that waits for a database whose disk is full."""
    return FullDiskWatch(directory.server.state)


@contextmanager
def naming_room(directory: ComponentDirectory) -> Iterator[None]:
    """A block whose AgentError says how much room the database has when that is little."""
    try:
        yield
    except AgentError as error:
        raise AgentError(f"{error}{room_sentence(directory)}") from None


def room_sentence(directory: ComponentDirectory) -> str:
    """What is free for the database, as the end of a sentence; empty while there is room."""
    state = directory.server.state
    free = free_bytes(state)
    return f"; {state}: {free / 1e6:,.2f} MB are free for the database" if free < LITTLE else ""


def schema_name(environment: str, component: str) -> str:
    return f"{environment}_{component}".replace("-", "_")


def schema(directory: ComponentDirectory) -> str:
    """The component's schema; raises AgentError before the first preparation."""
    return schema_name(directory.context().environment, directory.component)


def copy_schema(schema: str) -> str:
    """The schema of the copy; no component's name may hold a `$`."""
    return f"{schema}${COPY}"


def login_file(directory: ComponentDirectory, instance: Instance) -> Path:
    if instance.configuration:
        return directory.logins / f"{instance.name}.json"
    return directory.shared / LEGACY_LOGIN


def ensure_login(
    directory: ComponentDirectory,
    instance: Instance,
    manifest: Manifest,
    context: EnvironmentContext,
) -> DatabaseLogin | None:
    """The instance's login; missing schema and user are created. None without a database.

    The password is written to disk before MariaDB gets it, so that the next run after a kill
    between the two sets the same password.
    """
    if not manifest.database:
        return None
    server, path = database_server(directory), login_file(directory, instance)
    if not path.exists():
        schema = schema_name(context.environment, directory.component)
        new_login = DatabaseLogin(
            name=copy_schema(schema) if instance.is_copy else schema,
            user=f"{schema}${instance.short}",
            password=secrets.token_hex(24),
            socket=server.socket,
        )
        write_atomically(path, new_login.model_dump_json(indent=2) + "\n", 0o600)
    login = read_login(directory, instance)
    execute(directory, mariadb.creation_statements(login.name, login.user, login.password))
    return login


def read_login(directory: ComponentDirectory, instance: Instance) -> DatabaseLogin:
    return DatabaseLogin.model_validate_json(login_file(directory, instance).read_bytes())


def has_login(directory: ComponentDirectory, instance: Instance) -> bool:
    return login_file(directory, instance).exists()


def password(directory: ComponentDirectory, instance: Instance) -> str:
    """The instance's own password, which only this server has; empty without a login."""
    return read_login(directory, instance).password if has_login(directory, instance) else ""


def remove_login(directory: ComponentDirectory, instance: Instance) -> None:
    """Remove the login of an instance that is gone; the file last, since it says what to remove."""
    if instance.configuration and has_login(directory, instance):
        user = mariadb.account(read_login(directory, instance).user)
        execute(directory, f"DROP USER IF EXISTS {user};")
        login_file(directory, instance).unlink()


def is_empty(directory: ComponentDirectory) -> bool:
    return not execute(directory, mariadb.tables_query(schema(directory)))


def back_up(directory: ComponentDirectory, instance: Instance) -> str:
    """Write a backup before the migration to an instance; the file's name in `shared/backups`."""
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{instance.digest[:SHORT]}.sql.zst"
    draft = directory.backups / f".tmp-{name}"
    with writing(draft.with_name(name)):
        pipe(
            mariadb.dump_command(database_server(directory), schema(directory)),
            ["zstd", "-q", "-f", "-3", "-o", draft],
        )
        run(["sync", draft])
    draft.rename(directory.backups / name)
    for old in sorted(directory.backups.glob("*.sql.zst"))[:-KEPT_BACKUPS]:
        old.unlink()
    return name


def restore(directory: ComponentDirectory, backup: str | None) -> str:
    """Restore a backup, or empty the database without one; the result in a sentence.

    Restoring twice has the same result, so a killed restoration is repeated.
    """
    server, name = database_server(directory), schema(directory)
    if backup and not (directory.backups / backup).exists():
        raise AgentError(
            f"the database cannot be restored: {directory.backups / backup} is missing"
        )
    execute(directory, mariadb.recreation_statements(name))
    if not backup:
        return "database emptied again"
    with naming_room(directory):
        pipe(["zstd", "-dcq", directory.backups / backup], mariadb.restore_command(server, name))
    return "database restored"


def copy(directory: ComponentDirectory) -> str:
    """Copy the database as it is now into another schema, which is replaced; that one's name."""
    server, name = database_server(directory), schema(directory)
    target = copy_schema(name)
    execute(directory, mariadb.recreation_statements(target))
    size = int(execute(directory, mariadb.size_query(name)))
    require_space(directory.server.state, size, 0)
    with naming_room(directory):
        pipe(
            mariadb.dump_command(server, name),
            mariadb.restore_command(server, target),
            watch(directory),
        )
    return target


def drop_copy(directory: ComponentDirectory) -> None:
    """Drop the copy and its user, if a rehearsal has left them."""
    for file in directory.logins.glob(f"*-{COPY}.json"):
        instance = Instance.from_name(file.stem)
        login = read_login(directory, instance)
        execute(directory, f"DROP DATABASE IF EXISTS `{login.name}`;")
        remove_login(directory, instance)
