"""The command `slipway`: its commands, and what all of them have in common."""

import click

from cli.configure import configure
from cli.diff import diff
from cli.freeze import freeze, thaw
from cli.history import history
from cli.hold import hold, unhold
from cli.master_client import SERVER_HELP
from cli.promote import approve, promote
from cli.revert import revert
from cli.rollback import rollback
from cli.status import status
from cli.storage import storage

COMMANDS = (
    status,
    diff,
    promote,
    approve,
    rollback,
    revert,
    history,
    hold,
    unhold,
    configure,
    freeze,
    thaw,
    storage,
)
EPILOG = f"""
To reach a master, {SERVER_HELP}.

\b
Looking needs no login. To press something, the login is, in this order:
  SLIPWAY_USER and SLIPWAY_PASSWORD, the entry of ~/.netrc, or asked for.

\b
Exit codes:
  0    done, or there was nothing to do
  1    refused, failed or not confirmed; the sentence says which
  2    wrong usage, or no server named
  3    the server cannot be reached, or refuses the login
  130  interrupted; what was pressed goes on, and the sentence says where
"""


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--server", envvar="SLIPWAY_SERVER", metavar="URL", help="Or SLIPWAY_SERVER.")
@click.pass_context
def main(context: click.Context, server: str | None) -> None:
    """Look at the releases of a site and move them, as the Releases page does."""
    context.obj = server


for command in COMMANDS:
    main.add_command(command)
