"""`slipway rollback`: return to an earlier release of one component, and hold it."""

import click

from cli import difference
from cli.answers import Cell
from cli.board import component_button, find_cell, find_environment, find_row
from cli.errors import ActionRefused
from cli.master_client import Client
from cli.options import digest_option, in_option, reason_option, with_client
from cli.output import Output
from cli.press import press
from cli.words import one_line, release_name, short


@click.command()
@click.argument("component")
@in_option
@digest_option
@reason_option
@with_client
def rollback(
    client: Client,
    output: Output,
    component: str,
    environment: str | None,
    digest: str | None,
    reason: str | None,
) -> int:
    """Return to the previous release of COMPONENT; it is on hold afterwards."""
    board = client.board()
    column = find_environment(board, environment, "--in")
    name = column["name"]
    cell = find_cell(find_row(board, component), column)
    target = digest or previous_digest(cell, name)
    why = output.require_reason(reason, f"Why is {component} rolled back in {name}")
    client.log_in()
    show_changes(client, output, cell, target)
    fields = {"wanted": target, "reason": why}
    button = component_button(column, cell, "roll-back")
    return press(client, output, f"{component} in {name}", button, fields)


def previous_digest(cell: Cell, environment: str) -> str:
    """The release that was live before the one that is live now.

    The master would choose the same. It is named so that, of two people who press at once, the
    second is refused and does not go back one release further.
    """
    if not cell["previous"]:
        others = ", ".join(map(release_name, cell["earlier"])) or "(none)"
        raise ActionRefused(
            f"nothing was live in {environment} before what is; --digest takes one of {others}"
        )
    return cell["previous"]


def show_changes(client: Client, output: Output, cell: Cell, target: str) -> None:
    """Show what changes; a release that the store does not hold stops no rollback."""
    live = cell["live"]
    digests = (release["digest"] for release in cell["earlier"])
    digest = next((digest for digest in digests if digest.startswith(target)), None)
    if not live or not digest:
        return
    output.show(one_line(f"{release_name(live)} → {short(digest)}"))
    try:
        changes = client.difference(live["digest"], digest, backwards=True)
        output.show(difference.render(changes))
    except ActionRefused as error:
        output.show(f"What changes is not known: {error}")
