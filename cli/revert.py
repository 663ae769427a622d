"""`slipway revert`: roll back what an interrupted promotion of all components moved."""

import click

from cli.board import find_promotable, site_button
from cli.errors import ActionRefused
from cli.master_client import Client
from cli.options import in_option, reason_option, with_client
from cli.output import Output
from cli.press import press
from cli.words import one_line


@click.command()
@in_option
@reason_option
@with_client
def revert(client: Client, output: Output, environment: str | None, reason: str | None) -> int:
    """Roll back what an interrupted `promote --all` moved."""
    column = find_promotable(client.board(), environment, "--in")
    interrupted = column["interrupted"]
    if not interrupted:
        raise ActionRefused(f"no promotion of everything to {column['name']} was interrupted")
    client.log_in()
    output.show(one_line(interrupted["message"]))
    build = column["interrupted_build"]
    default = f"the promotion of everything {build} was interrupted"
    fields = {"wanted": build, "reason": reason or default}
    return press(client, output, "revert", site_button(column, "revert"), fields)
