"""A component's own database in this environment: made, backed up, brought back."""

import secrets
from datetime import UTC, datetime
from pathlib import Path

from agent import mariadb
from agent.commands import pipe, run
from agent.component_directory import Place, write
from agent.failure import Failure
from agent.server import DatabaseServer
from model.reading import Model
from model.release import SHORT, Digest, Manifest, Order

LOGIN = "database.json"

KEPT = 5
"""How many backups stay."""


class Login(Model):
    """`shared/database.json`: how the component reaches its database."""

    name: str
    user: str
    password: str
    socket: Path


def server_of(place: Place) -> DatabaseServer:
    if not place.server.database:
        raise Failure(f"{place.component} needs a database; server.toml has no key 'database'")
    return place.server.database


def ensure(place: Place, manifest: Manifest, order: Order) -> Login | None:
    """The component's login, with schema and user made when they are missing; none if not needed.

    The password is on disk before the server knows it, so a kill between the two changes nothing.
    """
    if not manifest.database:
        return None
    server, path = server_of(place), place.shared / LOGIN
    if not path.exists():
        name = f"{order.environment}_{place.component}".replace("-", "_")
        fresh = Login(name=name, user=name, password=secrets.token_hex(24), socket=server.socket)
        write(path, fresh.model_dump_json(indent=2) + "\n", 0o600)
    login = read(place)
    run(mariadb.query(server), mariadb.creation(login.name, login.user, login.password))
    return login


def read(place: Place) -> Login:
    return Login.model_validate_json((place.shared / LOGIN).read_bytes())


def password(place: Place) -> str:
    """The component's own password, which nobody but this server knows; empty without a login."""
    return read(place).password if (place.shared / LOGIN).exists() else ""


def is_empty(place: Place) -> bool:
    count = run(mariadb.query(server_of(place)), mariadb.table_count(read(place).name))
    return int(count) == 0


def back_up(place: Place, digest: Digest) -> str:
    """Write a backup before `digest` changes anything; the file's name in `shared/backups`."""
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{digest[:SHORT]}.sql.zst"
    draft = place.backups / f".tmp-{name}"
    pipe(
        mariadb.dump(server_of(place), read(place).name),
        ["zstd", "-q", "-f", "-3", "-o", draft],
    )
    run(["sync", draft])
    draft.rename(place.backups / name)
    for old in sorted(place.backups.glob("*.sql.zst"))[:-KEPT]:
        old.unlink()
    return name


def restore(place: Place, backup: str | None) -> str:
    """Make the database what it was: the backup's content, or empty; a sentence saying which.

    Doing it twice is as good as once, so a killed restoration is simply done again.
    """
    server, schema = server_of(place), read(place).name
    if backup and not (place.backups / backup).exists():
        raise Failure(f"the database cannot be restored: {place.backups / backup} is missing")
    run(mariadb.query(server), mariadb.emptying(schema))
    if not backup:
        return "database emptied again"
    pipe(["zstd", "-dcq", place.backups / backup], mariadb.restore(server, schema))
    return "database restored"
