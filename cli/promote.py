"""`slipway promote` and `slipway approve`: releases that an environment before has verified."""

from dataclasses import dataclass
from typing import Any

import click

from cli.answers import Board, Cell, Column, Freeze
from cli.board import find_promotable, site_button
from cli.candidate import Candidate, find_candidate, present
from cli.errors import ActionRefused, UsageError
from cli.master_client import Client
from cli.options import digest_option, reason_option, to_option, with_client, yes_option
from cli.output import Output
from cli.press import nothing_to_press, press
from cli.words import freeze_sentence, one_line, plural, release_name


@dataclass(frozen=True)
class PromoteOptions:
    """What the command line says about a promotion."""

    reason: str | None
    yes: bool
    freeze_override: str | None = None


@click.command()
@click.argument("component", required=False)
@click.option("--all", "all_", is_flag=True, help="All that waits, one after the other.")
@to_option
@reason_option
@digest_option
@click.option("--despite-freeze", "freeze_override", metavar="WHY", help="Why it cannot wait.")
@yes_option
@with_client
def promote(
    client: Client,
    output: Output,
    component: str | None,
    all_: bool,
    environment: str | None,
    digest: str | None,
    **options: Any,
) -> int:
    """Promote what the environment before has verified: of COMPONENT, or of all."""
    board = client.board()
    if all_ == bool(component):
        names = ", ".join(row["component"] for row in board["rows"])
        raise UsageError(f"say which component, or --all; the components are {names}")
    if all_ and digest:
        raise UsageError("--digest names a release of one component; --all takes what waits")
    column = find_promotable(board, environment, "--to")
    if all_:
        return promote_all(client, output, board, column, PromoteOptions(**options))
    candidate = find_candidate(board, str(component), column, digest)
    return confirm_and_press(client, output, candidate, "promote", PromoteOptions(**options))


@click.command()
@click.argument("component")
@to_option
@reason_option
@digest_option
@yes_option
@with_client
def approve(
    client: Client,
    output: Output,
    component: str,
    environment: str | None,
    digest: str | None,
    **options: Any,
) -> int:
    """Approve a promotion of COMPONENT, where an approval is required."""
    board = client.board()
    column = find_promotable(board, environment, "--to")
    if not column["two_person"]:
        raise ActionRefused(
            f"{column['name']} needs no approval: one releaser alone promotes to it"
        )
    candidate = find_candidate(board, component, column, digest)
    return confirm_and_press(client, output, candidate, "approve", PromoteOptions(**options))


def confirm_and_press(
    client: Client, output: Output, candidate: Candidate, action: str, options: PromoteOptions
) -> int:
    """Show what changes, ask, and press for exactly the release that was shown."""
    if not candidate.digest and not candidate.cell["live"]:
        raise ActionRefused(candidate.headline())
    if not candidate.digest:
        return nothing_to_press(output, candidate.headline())
    output.require_interactive(yes=options.yes)
    client.log_in()
    items, proposed_reason = present(client, candidate)
    output.show(*items)
    fields = {"wanted": candidate.digest, "reason": options.reason or proposed_reason}
    if action == "promote":
        fields |= override_fields(output, candidate.column["freeze"], options)
    output.confirm(f"{action.capitalize()} {candidate.title}?", yes=options.yes)
    title = candidate.title if action == "promote" else f"approve {candidate.title}"
    return press(client, output, title, candidate.button(action), fields)


def promote_all(
    client: Client, output: Output, board: Board, column: Column, options: PromoteOptions
) -> int:
    """Promote all that waits, in the site's order; the first that fails stops the rest."""
    name = column["name"]
    waiting = [
        (row["component"], cell)
        for row in board["rows"]
        for cell in row["cells"]
        if cell["environment"] == name and cell["waiting"]
    ]
    if not waiting:
        message = f"{name} has everything that {column['promotes_from']} verified"
        return nothing_to_press(output, message)
    output.require_interactive(yes=options.yes)
    client.log_in()
    output.show(f"{plural(len(waiting), 'release')} for {name}, in this order:")
    output.show(*(move_line(component, cell) for component, cell in waiting))
    proposed_reason = f"all that waits: {', '.join(component for component, _ in waiting)}"
    digests = ",".join(f"{component}={waiting_digest(cell)}" for component, cell in waiting)
    fields = {"reason": options.reason or proposed_reason, "wanted": digests}
    fields |= override_fields(output, column["freeze"], options)
    output.confirm(f"Promote them to {name}?", yes=options.yes)
    return press(client, output, f"everything → {name}", site_button(column, "promote-all"), fields)


def waiting_digest(cell: Cell) -> str:
    """The digest that was shown: no other release is promoted."""
    return cell["waiting"]["digest"] if cell["waiting"] else ""


def move_line(component: str, cell: Cell) -> str:
    before = release_name(cell["live"]) if cell["live"] else "nothing"
    after = release_name(cell["waiting"]) if cell["waiting"] else "nothing"
    blocked_by = f" ! {cell['blocked_by']}" if cell["blocked_by"] else ""
    return one_line(f"{component}: {before} → {after}{blocked_by}")


def override_fields(
    output: Output, freeze: Freeze | None, options: PromoteOptions
) -> dict[str, str]:
    """Why a promotion cannot wait for the end of a freeze; asked for in a terminal."""
    if freeze is None:
        return {}
    if options.freeze_override:
        return {"freeze_override": options.freeze_override}
    if options.yes:
        return {}
    question = f"It is {freeze_sentence(freeze)}. Why can this not wait?"
    return {"freeze_override": output.ask(question)}
