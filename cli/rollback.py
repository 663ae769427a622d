"""`slipway rollback`: an earlier release of one component, and then a hold."""

import click

from cli import difference
from cli.button import button
from cli.options import answering, digest, reason, within
from cli.output import Output
from cli.places import any_environment, cell, row
from cli.pressing import logged_in, pressed
from cli.server import Server
from cli.shapes import Cell
from cli.stopped import Refused
from cli.words import line, named, short


@click.command()
@click.argument("component")
@within
@digest
@reason
@answering
def rollback(
    server: Server,
    output: Output,
    component: str,
    environment: str | None,
    digest: str | None,
    reason: str | None,
) -> int:
    """Bring an earlier release of COMPONENT back, the last one before; it is then on hold."""
    board = server.board()
    column = any_environment(board, environment, "--in")
    name, here = column["name"], cell(row(board, component), column)
    wanted = digest or before(here, name)
    why = output.reason(reason, f"Why is {component} rolled back in {name}")
    logged_in(server)
    show(server, output, here, wanted)
    fields = {"wanted": wanted, "reason": why}
    pressing = button(column, "roll-back", here)
    return pressed(server, output, f"{component} in {name}", pressing, fields)


def before(here: Cell, environment: str) -> str:
    """The release that was live before what is live now came.

    The master would choose the same when none is named. It is named so that, of two people who
    press at once, the second is refused and not taken one release further back.
    """
    if not here["back"]:
        others = ", ".join(named(one) for one in here["earlier"]) or "(none)"
        raise Refused(
            f"nothing was live in {environment} before what is; --digest takes one of {others}"
        )
    return here["back"]


def show(server: Server, output: Output, here: Cell, wanted: str) -> None:
    """What changes; that the store does not know it stops no rollback."""
    live = here["live"]
    to = next((one["digest"] for one in here["earlier"] if one["digest"].startswith(wanted)), None)
    if not live or not to:
        return
    output.show(line(f"{named(live)} → {short(to)}"))
    try:
        output.show(difference.shown(server.difference(live["digest"], to, backwards=True)))
    except Refused as unknown:
        output.show(f"What changes is not known: {unknown}")
