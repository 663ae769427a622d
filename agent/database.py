"""A component's own database in this environment: made, backed up, brought back."""

import secrets
from datetime import UTC, datetime
from pathlib import Path

from agent import mariadb
from agent.commands import pipe, run
from agent.component_directory import ComponentDirectory, write
from agent.failure import Failure
from agent.server import DatabaseServer
from model.reading import Model
from model.release import SHORT, Digest, EnvironmentContext, Manifest

LOGIN = "database.json"

KEPT = 5
"""How many backups stay."""


class Login(Model):
    """`shared/database.json`: how the component reaches its database."""

    name: str
    user: str
    password: str
    socket: Path


def server_of(directory: ComponentDirectory) -> DatabaseServer:
    if not directory.server.database:
        raise Failure(f"{directory.component} needs a database; server.toml has no key 'database'")
    return directory.server.database


def ensure(
    directory: ComponentDirectory, manifest: Manifest, context: EnvironmentContext
) -> Login | None:
    """The component's login, with schema and user made when they are missing; none if not needed.

    The password is on disk before the server knows it, so a kill between the two changes nothing.
    """
    if not manifest.database:
        return None
    server, path = server_of(directory), directory.shared / LOGIN
    if not path.exists():
        name = f"{context.environment}_{directory.component}".replace("-", "_")
        fresh = Login(name=name, user=name, password=secrets.token_hex(24), socket=server.socket)
        write(path, fresh.model_dump_json(indent=2) + "\n", 0o600)
    login = read(directory)
    run(mariadb.query(server), mariadb.creation(login.name, login.user, login.password))
    return login


def read(directory: ComponentDirectory) -> Login:
    return Login.model_validate_json((directory.shared / LOGIN).read_bytes())


def password(directory: ComponentDirectory) -> str:
    """The component's own password, which nobody but this server knows; empty without a login."""
    return read(directory).password if (directory.shared / LOGIN).exists() else ""


def is_empty(directory: ComponentDirectory) -> bool:
    count = run(mariadb.query(server_of(directory)), mariadb.table_count(read(directory).name))
    return int(count) == 0


def back_up(directory: ComponentDirectory, digest: Digest) -> str:
    """Write a backup before `digest` changes anything; the file's name in `shared/backups`."""
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{digest[:SHORT]}.sql.zst"
    draft = directory.backups / f".tmp-{name}"
    pipe(
        mariadb.dump(server_of(directory), read(directory).name),
        ["zstd", "-q", "-f", "-3", "-o", draft],
    )
    run(["sync", draft])
    draft.rename(directory.backups / name)
    for old in sorted(directory.backups.glob("*.sql.zst"))[:-KEPT]:
        old.unlink()
    return name


def restore(directory: ComponentDirectory, backup: str | None) -> str:
    """Make the database what it was: the backup's content, or empty; a sentence saying which.

    Doing it twice is as good as once, so a killed restoration is simply done again.
    """
    server, schema = server_of(directory), read(directory).name
    if backup and not (directory.backups / backup).exists():
        raise Failure(f"the database cannot be restored: {directory.backups / backup} is missing")
    run(mariadb.query(server), mariadb.emptying(schema))
    if not backup:
        return "database emptied again"
    pipe(["zstd", "-dcq", directory.backups / backup], mariadb.restore(server, schema))
    return "database restored"
