"""`slipway configure`: deploy the live release again, for example with a rotated secret."""

import click

from cli.master_client import Client
from cli.options import in_option, reason_option, with_client
from cli.output import Output
from cli.press import press_with_reason


@click.command()
@click.argument("component")
@in_option
@reason_option
@with_client
def configure(
    client: Client, output: Output, component: str, environment: str | None, reason: str | None
) -> int:
    """Deploy the live release of COMPONENT again, with the secrets of today."""
    action, done = "configure", "configured again"
    return press_with_reason(client, output, component, environment, action, done, reason)
