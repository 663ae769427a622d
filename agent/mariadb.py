"""MariaDB on a server: its configuration and the commands that speak to it, none of them run."""

import re
from pathlib import Path

from agent.rendering import OWN, rendered
from agent.server import DatabaseServer, Server


def configuration(server: Server) -> str:
    """The text of `mariadb.cnf`; only for a server with a database."""
    return rendered(OWN, "mariadb.cnf.j2", {"server": server, "temporary": temporary(server)})


def folder(server: Server) -> Path:
    return server.state / "mariadb"


def temporary(server: Server) -> Path:
    """Its own, since a MariaDB that starts removes what others have left or still use there."""
    return server.state / "mariadb-temporary"


def initialise(server: Server, user: str) -> list[str | Path]:
    """Make the empty data folder, administered through the socket by the given account."""
    return [
        "mariadb-install-db",
        "--no-defaults",
        f"--datadir={folder(server)}",
        f"--tmpdir={temporary(server)}",
        "--auth-root-authentication-method=socket",
        f"--auth-root-socket-user={user}",
        "--skip-test-db",
        "--skip-name-resolve",
    ]


def serve(server: Server) -> list[str | Path]:
    return ["mariadbd", f"--defaults-file={server.state / 'mariadb.cnf'}"]


def login(database: DatabaseServer) -> list[str | Path]:
    return ["--no-defaults", f"--socket={database.socket}", f"--user={database.user}"]


def query(database: DatabaseServer, *arguments: str) -> list[str | Path]:
    """Run the statements given on standard input; rows come back without headings."""
    return ["mariadb", *login(database), "--batch", "--skip-column-names", *arguments]


def restore(database: DatabaseServer, schema: str) -> list[str | Path]:
    """Read a dump on standard input; binary mode, because rows may hold any byte."""
    return ["mariadb", *login(database), "--binary-mode", schema]


def dump(database: DatabaseServer, schema: str) -> list[str | Path]:
    """One moment of a schema, while others go on writing to it."""
    return [
        "mariadb-dump",
        *login(database),
        "--single-transaction",
        "--quick",
        "--no-tablespaces",
        "--routines",
        "--events",
        "--skip-dump-date",
        schema,
    ]


def creation(schema: str, user: str, password: str) -> str:
    """Statements that leave an existing schema as it is and the user with this password."""
    account = f"`{user}`@localhost"
    pattern = re.sub(r"([_%])", r"\\\1", schema)
    return (
        f"CREATE DATABASE IF NOT EXISTS `{schema}`;\n"
        f"CREATE USER IF NOT EXISTS {account};\n"
        f"ALTER USER {account} IDENTIFIED BY '{password}';\n"
        f"GRANT ALL ON `{pattern}`.* TO {account};\n"
    )


def emptying(schema: str) -> str:
    return f"DROP DATABASE IF EXISTS `{schema}`; CREATE DATABASE `{schema}`;"


def table_count(schema: str) -> str:
    return f"SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '{schema}';"  # noqa: S608  # a name we derived
