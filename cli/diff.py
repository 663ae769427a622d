"""`slipway diff`: what a promotion would change."""

import click

from cli import difference
from cli.board import find_promotable
from cli.candidate import fetch_difference, find_candidate
from cli.master_client import Client
from cli.options import to_option, with_client
from cli.output import Output


@click.command()
@click.argument("component")
@to_option
@with_client
def diff(client: Client, output: Output, component: str, environment: str | None) -> None:
    """What a promotion of COMPONENT would change."""
    board = client.board()
    candidate = find_candidate(board, component, find_promotable(board, environment, "--to"))
    changes = fetch_difference(client, candidate) if candidate.digest else None
    document = {
        "component": component,
        "environment": candidate.column["name"],
        "waiting": candidate.cell["waiting"],
        "difference": changes,
    }
    rendered = [difference.render(changes)] if changes else []
    output.answer(document, candidate.headline(), *rendered)
