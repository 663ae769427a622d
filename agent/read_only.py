"""Visitors of a component may only read: the edge and the database refuse their writes.

- The edge answers every request that may write with 503 and `Retry-After`, while the file
  `read-only` exists in the component's directory (`agent/templates/Caddyfile.j2`).
- The database refuses writes of every login but that of the instance that migrates. So what does
  not pass through the edge, such as a background process, writes nothing either.

Both stay so when the agent, the database or the server is killed. Only in this state may a backup
be restored, because nobody could write since it was made.
"""

import time

from agent import database, mariadb
from agent.component_directory import READ_ONLY, ComponentDirectory, write_atomically
from agent.instance import Instance

GRACE = 0.5
"""Seconds in which a request that has begun may still write; then its connection is closed."""


def close(directory: ComponentDirectory, writer: Instance | None = None) -> None:
    """Refuse all writes but those of the `writer`; what was written before is complete then."""
    write_atomically(directory.path / READ_ONLY, "a migration is running\n", 0o644)
    exempt = database.read_login(directory, writer).user if writer else None
    users = [user for user, _ in user_rights(directory) if user != exempt]
    name = database.schema(directory)
    database.execute(directory, mariadb.read_only_statements(name, users))
    if users:
        end_connections(directory, mariadb.connections_query(users))


def end_connections(directory: ComponentDirectory, query: str) -> None:
    """End the connections that a query lists, because they keep the right to write.

    Those that end by themselves in the time of grace have done what their visitors asked for.
    """
    before = set(database.execute(directory, query).split())
    deadline = time.monotonic() + GRACE
    while (remaining := before & set(database.execute(directory, query).split())) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.02)
    database.execute(directory, "".join(map(mariadb.kill_statement, remaining)))


def open_again(directory: ComponentDirectory) -> None:
    """Allow writes to every instance; done again after a kill, it changes nothing."""
    if not is_closed_at_edge(directory):
        return
    name = database.schema(directory)
    users = [user for user, _ in user_rights(directory)]
    database.execute(directory, mariadb.writing_statements(name, users))
    (directory.path / READ_ONLY).unlink()


def is_closed(directory: ComponentDirectory, writer: Instance) -> bool:
    """Whether nobody but the `writer` could write: the edge and the database still say so."""
    exempt = database.read_login(directory, writer).user
    others = [may_write for user, may_write in user_rights(directory) if user != exempt]
    return is_closed_at_edge(directory) and not any(others)


def is_closed_at_edge(directory: ComponentDirectory) -> bool:
    return (directory.path / READ_ONLY).exists()


def user_rights(directory: ComponentDirectory) -> list[tuple[str, bool]]:
    """Each user of the component's database, and whether it may write."""
    rows = database.execute(directory, mariadb.users_query(database.schema(directory)))
    pairs = (line.split("\t") for line in rows.splitlines())
    return [(user, may_write == "1") for user, may_write in pairs]
