"""`slipway configure`: deploy the live release again, for example with a rotated secret."""

import click

from cli.board import find_component_button
from cli.master_client import Client
from cli.options import in_option, reason_option, with_client
from cli.output import Output
from cli.press import press


@click.command()
@click.argument("component")
@in_option
@reason_option
@with_client
def configure(
    client: Client, output: Output, component: str, environment: str | None, reason: str | None
) -> int:
    """Deploy the live release of COMPONENT again, with the secrets of today."""
    name, button = find_component_button(client, component, environment, "configure")
    why = output.require_reason(reason, f"Why is {component} configured again in {name}")
    client.log_in()
    return press(client, output, f"{component} in {name}", button, {"reason": why})
