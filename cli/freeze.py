"""`slipway freeze` and `slipway thaw`: whether anything is promoted to an environment."""

import click

from cli.board import find_promotable, site_button
from cli.master_client import Client
from cli.options import in_option, reason_option, with_client
from cli.output import Output
from cli.press import press


@click.command()
@in_option
@reason_option
@with_client
def freeze(client: Client, output: Output, environment: str | None, reason: str | None) -> int:
    """Stop promotions until the freeze is ended; rolling back stays possible."""
    column = find_promotable(client.board(), environment, "--in")
    why = output.require_reason(reason, f"Why is {column['name']} frozen")
    client.log_in()
    return press(client, output, "freeze", site_button(column, "freeze"), {"reason": why})


@click.command()
@in_option
@reason_option
@with_client
def thaw(client: Client, output: Output, environment: str | None, reason: str | None) -> int:
    """End a freeze that a releaser began."""
    column = find_promotable(client.board(), environment, "--in")
    client.log_in()
    fields = {"reason": reason or "the freeze is over"}
    return press(client, output, "thaw", site_button(column, "thaw"), fields)
