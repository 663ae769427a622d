"""A component's own database in this environment: create it, back it up, restore it."""

import secrets
from datetime import UTC, datetime
from pathlib import Path

from agent import mariadb
from agent.commands import pipe, run
from agent.component_directory import ComponentDirectory, write_atomically
from agent.errors import AgentError
from agent.server import DatabaseServer
from model.reading import Model
from model.release import SHORT, Digest, EnvironmentContext, Manifest

LOGIN_FILE = "database.json"

KEPT_BACKUPS = 5


class DatabaseLogin(Model):
    """`shared/database.json`: how the component reaches its database."""

    name: str
    user: str
    password: str
    socket: Path


def database_server(directory: ComponentDirectory) -> DatabaseServer:
    if not directory.server.database:
        raise AgentError(
            f"{directory.component} needs a database; server.toml has no key 'database'"
        )
    return directory.server.database


def ensure_login(
    directory: ComponentDirectory, manifest: Manifest, context: EnvironmentContext
) -> DatabaseLogin | None:
    """The component's login; missing schema and user are created. None without a database.

    The password is written to disk before MariaDB gets it, so that the next run after a kill
    between the two sets the same password.
    """
    if not manifest.database:
        return None
    server, path = database_server(directory), directory.shared / LOGIN_FILE
    if not path.exists():
        name = f"{context.environment}_{directory.component}".replace("-", "_")
        password = secrets.token_hex(24)
        new_login = DatabaseLogin(name=name, user=name, password=password, socket=server.socket)
        write_atomically(path, new_login.model_dump_json(indent=2) + "\n", 0o600)
    login = read_login(directory)
    statements = mariadb.creation_statements(login.name, login.user, login.password)
    run(mariadb.query_command(server), statements)
    return login


def read_login(directory: ComponentDirectory) -> DatabaseLogin:
    return DatabaseLogin.model_validate_json((directory.shared / LOGIN_FILE).read_bytes())


def password(directory: ComponentDirectory) -> str:
    """The component's own password, which only this server has; empty without a login."""
    return read_login(directory).password if (directory.shared / LOGIN_FILE).exists() else ""


def is_empty(directory: ComponentDirectory) -> bool:
    query = mariadb.query_command(database_server(directory))
    return int(run(query, mariadb.table_count(read_login(directory).name))) == 0


def back_up(directory: ComponentDirectory, digest: Digest) -> str:
    """Write a backup before the migration to `digest`; the file's name in `shared/backups`."""
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{digest[:SHORT]}.sql.zst"
    draft = directory.backups / f".tmp-{name}"
    pipe(
        mariadb.dump_command(database_server(directory), read_login(directory).name),
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
    server, schema = database_server(directory), read_login(directory).name
    if backup and not (directory.backups / backup).exists():
        raise AgentError(
            f"the database cannot be restored: {directory.backups / backup} is missing"
        )
    run(mariadb.query_command(server), mariadb.recreation_statements(schema))
    if not backup:
        return "database emptied again"
    pipe(["zstd", "-dcq", directory.backups / backup], mariadb.restore_command(server, schema))
    return "database restored"
