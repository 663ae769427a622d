"""`slipway promote` and `slipway approve`: what one environment verified, for the next one."""

from typing import Any

import click

from cli import everything
from cli.offer import Offer, offer, presented
from cli.options import answering, digest, reason, to, yes
from cli.output import Output
from cli.places import promoted
from cli.pressing import logged_in, nothing, pressed
from cli.promote_options import PromoteOptions
from cli.server import Server
from cli.stopped import Misused, Refused


@click.command()
@click.argument("component", required=False)
@click.option("--all", "all_", is_flag=True, help="All that waits, one after the other.")
@to
@reason
@digest
@click.option("--despite-freeze", "despite", metavar="WHY", help="Why it cannot wait.")
@yes
@answering
def promote(
    server: Server,
    output: Output,
    component: str | None,
    all_: bool,
    environment: str | None,
    digest: str | None,
    **options: Any,
) -> int:
    """Bring what the environment before it verified: of COMPONENT, or of all."""
    board = server.board()
    if all_ == bool(component):
        names = ", ".join(one["component"] for one in board["rows"])
        raise Misused(f"say which component, or --all; the components are {names}")
    if all_ and digest:
        raise Misused("--digest names a release of one component; --all takes what waits")
    column = promoted(board, environment, "--to")
    if all_:
        return everything.promote(server, output, board, column, PromoteOptions(**options))
    offered = offer(board, str(component), column, digest)
    return confirmed(server, output, offered, "promote", PromoteOptions(**options))


@click.command()
@click.argument("component")
@to
@reason
@digest
@yes
@answering
def approve(
    server: Server,
    output: Output,
    component: str,
    environment: str | None,
    digest: str | None,
    **options: Any,
) -> int:
    """Agree to a promotion of COMPONENT, where that takes two people."""
    board = server.board()
    column = promoted(board, environment, "--to")
    if not column["two_person"]:
        raise Refused(f"{column['name']} needs no approval: one releaser alone promotes to it")
    offered = offer(board, component, column, digest)
    return confirmed(server, output, offered, "approve", PromoteOptions(**options))


def confirmed(
    server: Server, output: Output, offered: Offer, action: str, options: PromoteOptions
) -> int:
    """Show what changes, ask, and press for just the release that was shown."""
    if not offered.digest and not offered.cell["live"]:
        raise Refused(offered.headline())
    if not offered.digest:
        return nothing(output, offered.headline())
    options.require_interactive(output)
    logged_in(server)
    shown, proposal = presented(server, offered)
    output.show(*shown)
    fields = {"wanted": offered.digest, "reason": options.reason or proposal}
    if action == "promote":
        fields |= options.despite_freeze(output, offered.column["freeze"])
    output.confirm(f"{action.capitalize()} {offered.title}?", yes=options.yes)
    title = offered.title if action == "promote" else f"approve {offered.title}"
    return pressed(server, output, title, offered.button(action), fields)
