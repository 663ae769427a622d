"""`slipway hold` and `slipway unhold`: whether a newer release may be deployed."""

import click

from cli.board import find_component_button
from cli.master_client import Client
from cli.options import in_option, reason_option, with_client
from cli.output import Output
from cli.press import press, press_with_reason


@click.command()
@click.argument("component")
@in_option
@reason_option
@with_client
def hold(
    client: Client, output: Output, component: str, environment: str | None, reason: str | None
) -> int:
    """Keep the live release of COMPONENT until the hold is lifted."""
    return press_with_reason(client, output, component, environment, "hold", "held", reason)


@click.command()
@click.argument("component")
@in_option
@reason_option
@with_client
def unhold(
    client: Client, output: Output, component: str, environment: str | None, reason: str | None
) -> int:
    """Lift the hold of COMPONENT."""
    name, button = find_component_button(client, component, environment, "lift-hold")
    client.log_in()
    fields = {"reason": reason or "the hold is over"}
    return press(client, output, f"{component} in {name}", button, fields)
