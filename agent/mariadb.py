"""MariaDB on a server: the text of its configuration, its commands and its SQL statements."""

import re
from pathlib import Path

from agent.rendering import SERVICE_TEMPLATES, render_template
from agent.server import DatabaseServer, Server


def configuration(server: Server) -> str:
    """The text of `mariadb.cnf`; only for a server with a database."""
    return render_template(
        SERVICE_TEMPLATES,
        "mariadb.cnf.j2",
        {"server": server, "temporary": temporary_folder(server)},
    )


def folder(server: Server) -> Path:
    return server.state / "mariadb"


def temporary_folder(server: Server) -> Path:
    """Not /tmp: a starting MariaDB removes temporary tables, also those of another MariaDB."""
    return server.state / "mariadb-temporary"


def initialise(server: Server, user: str) -> list[str | Path]:
    """Create the empty data folder; the account is its administrator, through the socket."""
    return [
        "mariadb-install-db",
        "--no-defaults",
        f"--datadir={folder(server)}",
        f"--tmpdir={temporary_folder(server)}",
        "--auth-root-authentication-method=socket",
        f"--auth-root-socket-user={user}",
        "--skip-test-db",
        "--skip-name-resolve",
    ]


def command(server: Server) -> list[str | Path]:
    return ["mariadbd", f"--defaults-file={server.state / 'mariadb.cnf'}"]


def login_options(database: DatabaseServer) -> list[str | Path]:
    return ["--no-defaults", f"--socket={database.socket}", f"--user={database.user}"]


def query_command(database: DatabaseServer, *arguments: str) -> list[str | Path]:
    """Run the statements on standard input; rows are printed without headings."""
    return ["mariadb", *login_options(database), "--batch", "--skip-column-names", *arguments]


def restore_command(database: DatabaseServer, schema: str) -> list[str | Path]:
    """Run the dump on standard input; in binary mode, because rows may hold any byte."""
    return ["mariadb", *login_options(database), "--binary-mode", schema]


def dump_command(database: DatabaseServer, schema: str) -> list[str | Path]:
    """Print a consistent snapshot of a schema, while clients go on writing to it."""
    return [
        "mariadb-dump",
        *login_options(database),
        "--single-transaction",
        "--quick",
        "--no-tablespaces",
        "--routines",
        "--events",
        "--skip-dump-date",
        schema,
    ]


def creation_statements(schema: str, user: str, password: str) -> str:
    """Create schema and user if they are missing, and set the password in any case."""
    account = f"`{user}`@localhost"
    pattern = re.sub(r"([_%])", r"\\\1", schema)
    return (
        f"CREATE DATABASE IF NOT EXISTS `{schema}`;\n"
        f"CREATE USER IF NOT EXISTS {account};\n"
        f"ALTER USER {account} IDENTIFIED BY '{password}';\n"
        f"GRANT ALL ON `{pattern}`.* TO {account};\n"
    )


def recreation_statements(schema: str) -> str:
    return f"DROP DATABASE IF EXISTS `{schema}`; CREATE DATABASE `{schema}`;"


def table_count(schema: str) -> str:
    return f"SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '{schema}';"  # noqa: S608  # a name we derived
