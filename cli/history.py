"""`slipway history`: everything that was done, newest first."""

from collections.abc import Iterator

import click
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from cli.answers import Deployment
from cli.board import find_row
from cli.master_client import Client
from cli.options import with_client
from cli.output import Output
from cli.words import duration, local_time, one_line, seconds_between, short

COLOURS = {"done": "green", "refused": "yellow", "failed": "red"}
SHOWN = 30
"""How many entries are shown unless `--last` says it."""


@click.command()
@click.argument("component", required=False)
@click.option("--last", metavar="N", type=click.IntRange(min=1), help="How many; --json shows all.")
@with_client
def history(client: Client, output: Output, component: str | None, last: int | None) -> None:
    """Everything that was done, of the whole site or of COMPONENT; newest first."""
    if component:
        find_row(client.board(), component)
    count = last if last or output.as_json else SHOWN
    deployments, has_older = client.history(component, count)
    more = [f"older ones: --last {2 * len(deployments)}"] if has_older else []
    items = table(deployments) if deployments else "Nothing has been done yet."
    output.answer(deployments, items, *more)


def table(deployments: list[Deployment]) -> Table:
    result = Table(box=SIMPLE_HEAD, pad_edge=False)
    result.add_column("When", no_wrap=True)
    result.add_column("Where", no_wrap=True)
    result.add_column("What, who and why", overflow="fold")
    result.add_column("Outcome")
    for deployment in deployments:
        seconds = seconds_between(deployment["started"], deployment["finished"])
        outcome = Text(deployment["outcome"], style=COLOURS.get(deployment["outcome"], ""))
        result.add_row(
            local_time(deployment["finished"]),
            f"{one_line(deployment['component'])}\n{one_line(deployment['environment'])}",
            Text("\n").join(description(deployment)),
            outcome.append(f"\n{duration(seconds)}", style="dim"),
        )
    return result


def description(deployment: Deployment) -> Iterator[Text]:
    owner, reason, outcome = deployment["owner"], deployment["reason"], deployment["outcome"]
    action = deployment["action"].replace("-", " ")
    yield Text(one_line(f"{action} {releases(deployment)}"), style="bold")
    yield Text(one_line(f"{owner}: {reason}" if reason else owner))
    if override := deployment["freeze_override"]:
        yield Text(f"❄ despite the freeze: {one_line(override)}", style="cyan")
    if outcome in ("failed", "refused"):
        yield Text(f"✗ {one_line(deployment['message'])}", style=COLOURS[outcome])


def releases(deployment: Deployment) -> str:
    """From which release to which."""
    before, after = deployment["before"], deployment["digest"]
    if not after:
        return ""
    start = f"{short(before)} → " if before and before != after else ""
    return f"{start}{short(after)} {deployment['release']}"
