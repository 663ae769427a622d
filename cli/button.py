"""A button of the master, by the names that the board gives it."""

from dataclasses import dataclass

from cli.shapes import Cell, Column
from cli.stopped import Refused


@dataclass(frozen=True)
class Button:
    """A force scheduler of Buildbot's, and the builder that it is to start."""

    name: str
    builder_id: int


def button(column: Column, action: str, concerned: Cell | Column) -> Button:
    """For an action in an environment: on the component of a cell, or on all in the column."""
    name, builder_id = column["buttons"].get(action), concerned["builder_id"]
    if name is None or builder_id is None:
        raise Refused(f"the master offers no '{action}' in {column['name']}")
    return Button(name, builder_id)
