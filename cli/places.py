"""Which component and which environment of the board are meant."""

from collections.abc import Sequence
from typing import TypeVar

from cli.shapes import Board, Cell, Column, Row
from cli.stopped import Misused

Named = TypeVar("Named", Row, Column)


def row(board: Board, component: str) -> Row:
    found = {one["component"]: one for one in board["rows"]}
    if component not in found:
        raise Misused(f"no component '{component}'; expected one of {', '.join(found)}")
    return found[component]


def promoted(board: Board, environment: str | None, option: str) -> Column:
    """An environment that takes promotions; the only one, unless it is named."""
    taking = [column for column in board["columns"] if column["promotes_from"]]
    return chosen(taking, board["columns"], environment, option)


def any_environment(board: Board, environment: str | None, option: str) -> Column:
    """Any environment; the only one that takes promotions, unless it is named."""
    if environment is None:
        return promoted(board, None, option)
    return chosen(board["columns"], board["columns"], environment, option)


def chosen(
    allowed: Sequence[Column], known: Sequence[Column], environment: str | None, option: str
) -> Column:
    names = ", ".join(column["name"] for column in allowed) or "(none)"
    if environment is None:
        if len(allowed) == 1:
            return allowed[0]
        raise Misused(f"say which environment: {option} takes one of {names}")
    found = next((column for column in allowed if column["name"] == environment), None)
    if found is None and any(column["name"] == environment for column in known):
        raise Misused(
            f"{environment} takes every green build, nothing is promoted to it; "
            f"expected one of {names}"
        )
    if found is None:
        raise Misused(f"no environment '{environment}'; expected one of {names}")
    return found


def cell(row: Row, column: Column) -> Cell:
    return next(one for one in row["cells"] if one["environment"] == column["name"])
