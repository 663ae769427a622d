"""Finds the component and the environment that a command line means on the board."""

from collections.abc import Sequence

from cli.answers import Board, Cell, Column, Row
from cli.errors import ActionRefused, UsageError
from cli.master_client import Button, Client


def find_row(board: Board, component: str) -> Row:
    rows = {row["component"]: row for row in board["rows"]}
    if component not in rows:
        raise UsageError(f"no component '{component}'; expected one of {', '.join(rows)}")
    return rows[component]


def find_cell(row: Row, column: Column) -> Cell:
    return next(cell for cell in row["cells"] if cell["environment"] == column["name"])


def find_promotable(board: Board, environment: str | None, option: str) -> Column:
    """An environment that releases are promoted to; the only one, unless it is named."""
    promotable = [column for column in board["columns"] if column["promotes_from"]]
    return choose(promotable, board["columns"], environment, option)


def find_environment(board: Board, environment: str | None, option: str) -> Column:
    """Any environment; the only one that releases are promoted to, unless it is named."""
    if environment is None:
        return find_promotable(board, None, option)
    return choose(board["columns"], board["columns"], environment, option)


def choose(
    allowed: Sequence[Column], all_columns: Sequence[Column], environment: str | None, option: str
) -> Column:
    names = ", ".join(column["name"] for column in allowed) or "(none)"
    if environment is None:
        if len(allowed) == 1:
            return allowed[0]
        raise UsageError(f"say which environment: {option} takes one of {names}")
    column = next((column for column in allowed if column["name"] == environment), None)
    if column is None and any(column["name"] == environment for column in all_columns):
        raise UsageError(
            f"{environment} takes every green build, nothing is promoted to it; "
            f"expected one of {names}"
        )
    if column is None:
        raise UsageError(f"no environment '{environment}'; expected one of {names}")
    return column


def find_component_button(
    client: Client, component: str, environment: str | None, action: str
) -> tuple[str, Button]:
    """The environment's name, and the button for an action on one component there."""
    board = client.board()
    row = find_row(board, component)
    column = find_environment(board, environment, "--in")
    return column["name"], component_button(column, find_cell(row, column), action)


def component_button(column: Column, cell: Cell, action: str) -> Button:
    """The button for an action on one component in one environment."""
    return find_button(column, action, cell["builder_id"])


def site_button(column: Column, action: str) -> Button:
    """The button for an action on all components in one environment."""
    return find_button(column, action, column["builder_id"])


def find_button(column: Column, action: str, builder_id: int | None) -> Button:
    name = column["buttons"].get(action)
    if name is None or builder_id is None:
        raise ActionRefused(f"the master offers no '{action}' in {column['name']}")
    return Button(name, builder_id)
