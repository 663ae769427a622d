"""Whether a migration changes a database, and what of it: compare it before and afterwards."""

import re

from agent import database, mariadb
from agent.component_directory import ComponentDirectory

Snapshot = dict[str, tuple[str, str]]
"""By table, view, routine, trigger or event: its definition, and a checksum of a table's rows."""


def take_snapshot(directory: ComponentDirectory, schema: str) -> Snapshot:
    """What is compared of a schema; the number from which a table goes on counting is not."""
    tables = dict(rows(database.execute(directory, mariadb.tables_query(schema))))
    statements = mariadb.definition_statements(schema, tables)
    definitions = rows(database.execute(directory, statements))
    plain = [name for name, kind in tables.items() if kind == "BASE TABLE"]
    sums = rows(database.execute(directory, mariadb.checksum_statement(schema, plain)))
    checksums = dict(zip(plain, (checksum for _, checksum in sums), strict=True))
    code = rows(database.execute(directory, mariadb.code_query(schema)))
    return {name: (text, "") for name, text in code} | {
        name: (re.sub(r" AUTO_INCREMENT=\d+", "", definition), checksums.get(name, ""))
        for name, definition in definitions
    }


def rows(output: str) -> list[tuple[str, str]]:
    """The name in the first column of each row, and the rest of the row."""
    parts = (line.partition("\t") for line in output.split("\n") if line)
    return [(name, rest) for name, _, rest in parts]


def changed_definitions(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """The names that were added, dropped or defined otherwise."""
    absent = ("", "")
    names = sorted({*before, *after})
    return tuple(n for n in names if before.get(n, absent)[0] != after.get(n, absent)[0])


def changed_rows(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """The tables that are defined as before and have other rows."""
    both = sorted({*before} & {*after})
    return tuple(n for n in both if before[n][0] == after[n][0] and before[n][1] != after[n][1])
