"""`slipway hold` and `slipway unhold`: whether anything newer may come to one component."""

import click

from cli.button import Button, button
from cli.options import answering, reason, within
from cli.output import Output
from cli.places import any_environment, cell, row
from cli.pressing import logged_in, pressed
from cli.server import Server


@click.command()
@click.argument("component")
@within
@reason
@answering
def hold(
    server: Server, output: Output, component: str, environment: str | None, reason: str | None
) -> int:
    """Keep what is live of COMPONENT where it is, until the hold is lifted."""
    name, pressing = place(server, component, environment, "hold")
    why = output.reason(reason, f"Why is {component} held in {name}")
    logged_in(server)
    return pressed(server, output, f"{component} in {name}", pressing, {"reason": why})


@click.command()
@click.argument("component")
@within
@reason
@answering
def unhold(
    server: Server, output: Output, component: str, environment: str | None, reason: str | None
) -> int:
    """Lift the hold of COMPONENT."""
    name, pressing = place(server, component, environment, "lift-hold")
    logged_in(server)
    fields = {"reason": reason or "the hold is over"}
    return pressed(server, output, f"{component} in {name}", pressing, fields)


def place(
    server: Server, component: str, environment: str | None, action: str
) -> tuple[str, Button]:
    """The environment that is meant, and its button for a component that exists."""
    board = server.board()
    found = row(board, component)
    column = any_environment(board, environment, "--in")
    return column["name"], button(column, action, cell(found, column))
