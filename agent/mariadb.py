"""MariaDB on a server: the text of its configuration, its commands and its SQL statements."""

import re
from collections.abc import Iterable, Mapping
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
    return (
        f"CREATE DATABASE IF NOT EXISTS `{schema}`;\n"
        f"CREATE USER IF NOT EXISTS {account(user)};\n"
        f"ALTER USER {account(user)} IDENTIFIED BY '{password}';\n"
        f"GRANT ALL ON {pattern(schema)} TO {account(user)};\n"
    )


def account(user: str) -> str:
    return f"`{user}`@localhost"


def pattern(schema: str) -> str:
    """The tables of exactly this schema in GRANT, where `_` and `%` stand for other characters."""
    return f"`{escaped(schema)}`.*"


def escaped(schema: str) -> str:
    return re.sub(r"([_%])", r"\\\1", schema)


def writing_statements(schema: str, users: Iterable[str]) -> str:
    """Let these users do everything in a schema."""
    return "".join(f"GRANT ALL ON {pattern(schema)} TO {account(user)};\n" for user in users)


def read_only_statements(schema: str, users: Iterable[str]) -> str:
    """Let these users only read a schema; connections that they have keep their old rights."""
    return "".join(
        f"REVOKE ALL ON {pattern(schema)} FROM {account(user)};\n"
        f"GRANT SELECT, SHOW VIEW, CREATE TEMPORARY TABLES ON {pattern(schema)} "
        f"TO {account(user)};\n"
        for user in users
    )


def users_query(schema: str) -> str:
    """Each user of a schema, and whether it may write: `1` or `0`."""
    return (
        "SELECT user, insert_priv = 'Y' OR update_priv = 'Y' OR delete_priv = 'Y' "  # noqa: S608  # a name we derived
        f"OR alter_priv = 'Y' OR drop_priv = 'Y' FROM mysql.db WHERE db = '{escaped(schema)}';\n"
    )


def connections_query(users: Iterable[str]) -> str:
    """The numbers of these users' connections."""
    names = ", ".join(f"'{user}'" for user in users)
    return f"SELECT id FROM information_schema.processlist WHERE user IN ({names});\n"  # noqa: S608  # names we derived


def kill_statement(connection: str) -> str:
    """End a connection; one that has ended by itself (error 1094) is no error."""
    return (
        "DELIMITER //\nBEGIN NOT ATOMIC DECLARE CONTINUE HANDLER FOR 1094 BEGIN END; "
        f"KILL CONNECTION {int(connection)}; END//\nDELIMITER ;\n"
    )


def recreation_statements(schema: str) -> str:
    return f"DROP DATABASE IF EXISTS `{schema}`; CREATE DATABASE `{schema}`;"


def tables_query(schema: str) -> str:
    """The name and type of each table, `BASE TABLE` or `VIEW`, by name."""
    return (
        "SELECT table_name, table_type FROM information_schema.tables "  # noqa: S608  # a name we derived
        f"WHERE table_schema = '{schema}' ORDER BY table_name;\n"
    )


def definition_statements(schema: str, tables: Mapping[str, str]) -> str:
    """Print the definition of each table; `tables` maps its name to its type."""
    return "".join(
        f"SHOW CREATE {'VIEW' if kind == 'VIEW' else 'TABLE'} `{schema}`.`{name}`;\n"
        for name, kind in tables.items()
    )


def checksum_statement(schema: str, tables: Iterable[str]) -> str:
    """Print a checksum of the rows of each table, which does not depend on their order."""
    names = ", ".join(f"`{schema}`.`{name}`" for name in tables)
    return f"CHECKSUM TABLE {names};\n" if names else ""


def code_query(schema: str) -> str:
    """The name and the text of each routine, trigger and event."""
    return (
        "SELECT routine_name, routine_definition FROM information_schema.routines "  # noqa: S608  # a name we derived
        f"WHERE routine_schema = '{schema}' UNION ALL "
        "SELECT trigger_name, CONCAT(event_object_table, action_timing, event_manipulation, "
        "action_statement) FROM information_schema.triggers "
        f"WHERE trigger_schema = '{schema}' UNION ALL "
        "SELECT event_name, event_definition FROM information_schema.events "
        f"WHERE event_schema = '{schema}';\n"
    )


def size_query(schema: str) -> str:
    """The bytes of a schema's tables and indexes."""
    return (
        "SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables "  # noqa: S608  # a name we derived
        f"WHERE table_schema = '{schema}';\n"
    )
