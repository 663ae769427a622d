"""`slipway hold` and `slipway unhold`: whether anything newer may come to one component."""

import click

from cli.options import answering, reason, within
from cli.output import Output
from cli.places import any_environment, row
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
    """Keep what is live of COMPONENT where it is, until the hold is released."""
    name = place(server, component, environment)
    why = output.reason(reason, f"Why is {component} held in {name}")
    logged_in(server)
    button = f"{component}-{name}-hold"
    return pressed(server, output, f"{component} in {name}", button, {"reason": why})


@click.command()
@click.argument("component")
@within
@reason
@answering
def unhold(
    server: Server, output: Output, component: str, environment: str | None, reason: str | None
) -> int:
    """Release the hold of COMPONENT."""
    name = place(server, component, environment)
    logged_in(server)
    fields = {"reason": reason or "the hold is over"}
    button = f"{component}-{name}-release-hold"
    return pressed(server, output, f"{component} in {name}", button, fields)


def place(server: Server, component: str, environment: str | None) -> str:
    """The environment that is meant, of a component that exists."""
    board = server.board()
    row(board, component)
    return any_environment(board, environment, "--in")["name"]
