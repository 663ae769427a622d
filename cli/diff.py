"""`slipway diff`: what a promotion would change."""

import click

from cli.difference import shown
from cli.offer import changes, offer
from cli.options import answering, to
from cli.output import Output
from cli.places import promoted
from cli.server import Server


@click.command()
@click.argument("component")
@to
@answering
def diff(server: Server, output: Output, component: str, environment: str | None) -> None:
    """What a promotion of COMPONENT would change."""
    board = server.board()
    offered = offer(board, component, promoted(board, environment, "--to"))
    found = changes(server, offered) if offered.digest else None
    told = {
        "component": component,
        "environment": offered.column["name"],
        "waiting": offered.cell["waiting"],
        "difference": found,
    }
    output.answer(told, offered.headline(), *([shown(found)] if found else []))
