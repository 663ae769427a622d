"""Promoting all that waits, and `slipway return`, which takes such a promotion back."""

import click

from cli.button import button
from cli.options import answering, reason, within
from cli.output import Output
from cli.places import promoted
from cli.pressing import logged_in, nothing, pressed
from cli.promote_options import PromoteOptions
from cli.server import Server
from cli.shapes import Board, Cell, Column
from cli.stopped import Refused
from cli.words import line, named, plural


def promote(
    server: Server, output: Output, board: Board, column: Column, options: PromoteOptions
) -> int:
    """One after the other, in the site's order; the first that fails stops the rest."""
    name = column["name"]
    waiting = [
        (row["component"], cell)
        for row in board["rows"]
        for cell in row["cells"]
        if cell["environment"] == name and cell["waiting"]
    ]
    if not waiting:
        return nothing(output, f"{name} has everything that {column['promotes_from']} verified")
    options.require_interactive(output)
    logged_in(server)
    output.show(f"{plural(len(waiting), 'release')} for {name}, in this order:")
    output.show(*(described(component, cell) for component, cell in waiting))
    proposal = f"all that waits: {', '.join(component for component, _ in waiting)}"
    shown = ",".join(f"{component}={promised(cell)}" for component, cell in waiting)
    fields = {"reason": options.reason or proposal, "wanted": shown}
    fields |= options.despite_freeze(output, column["freeze"])
    output.confirm(f"Promote them to {name}?", yes=options.yes)
    pressing = button(column, "promote-all", column)
    return pressed(server, output, f"everything → {name}", pressing, fields)


def promised(cell: Cell) -> str:
    """The digest that was shown: nothing else is to be promoted."""
    return cell["waiting"]["digest"] if cell["waiting"] else ""


def described(component: str, cell: Cell) -> str:
    before = named(cell["live"]) if cell["live"] else "nothing"
    after = named(cell["waiting"]) if cell["waiting"] else "nothing"
    blocked_by = f" ! {cell['blocked_by']}" if cell["blocked_by"] else ""
    return line(f"{component}: {before} → {after}{blocked_by}")


@click.command("return")
@within
@reason
@answering
def return_(server: Server, output: Output, environment: str | None, reason: str | None) -> int:
    """Take back what a stopped promotion of everything moved."""
    column = promoted(server.board(), environment, "--in")
    name, stopped = column["name"], column["stopped"]
    if not stopped:
        raise Refused(f"no promotion of everything to {name} stopped half-way")
    logged_in(server)
    output.show(line(stopped["said"]))
    number = column["stopped_number"]
    why = reason or f"the promotion of everything {number} stopped half-way"
    fields = {"wanted": number, "reason": why}
    return pressed(server, output, "return", button(column, "revert", column), fields)
