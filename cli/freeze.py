"""`slipway freeze` and `slipway thaw`: whether anything is promoted at all."""

import click

from cli.button import button
from cli.options import answering, reason, within
from cli.output import Output
from cli.places import promoted
from cli.pressing import logged_in, pressed
from cli.server import Server


@click.command()
@within
@reason
@answering
def freeze(server: Server, output: Output, environment: str | None, reason: str | None) -> int:
    """Promote nothing until the freeze is ended; rolling back stays possible."""
    column = promoted(server.board(), environment, "--in")
    why = output.reason(reason, f"Why is {column['name']} frozen")
    logged_in(server)
    return pressed(server, output, "freeze", button(column, "freeze", column), {"reason": why})


@click.command()
@within
@reason
@answering
def thaw(server: Server, output: Output, environment: str | None, reason: str | None) -> int:
    """End a freeze that somebody began."""
    column = promoted(server.board(), environment, "--in")
    logged_in(server)
    fields = {"reason": reason or "the freeze is over"}
    return pressed(server, output, "thaw", button(column, "thaw", column), fields)
