"""`slipway history`: everything that was done, newest first."""

from collections.abc import Iterator

import click
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from cli.options import answering
from cli.output import Output
from cli.places import row
from cli.server import Server
from cli.shapes import Deployment
from cli.words import duration, line, moment, seconds, short

COLOURS = {"done": "green", "refused": "yellow", "failed": "red"}
SHOWN = 30


@click.command()
@click.argument("component", required=False)
@click.option("--last", metavar="N", type=click.IntRange(min=1), help="How many; --json shows all.")
@answering
def history(server: Server, output: Output, component: str | None, last: int | None) -> None:
    """Everything that was done, of the whole site or of COMPONENT; newest first."""
    if component:
        row(server.board(), component)
    done = server.history(component)
    some = done[: last or SHOWN]
    more = [f"{len(done) - len(some)} older: --last {len(done)}"] if len(done) > len(some) else []
    output.answer(done[:last], table(some) if some else "Nothing has been done yet.", *more)


def table(done: list[Deployment]) -> Table:
    shown = Table(box=SIMPLE_HEAD, pad_edge=False)
    shown.add_column("When", no_wrap=True)
    shown.add_column("Where", no_wrap=True)
    shown.add_column("What, who and why", overflow="fold")
    shown.add_column("Outcome")
    for one in done:
        took = duration(seconds(one["started"], one["finished"]))
        outcome = Text(one["outcome"], style=COLOURS.get(one["outcome"], ""))
        shown.add_row(
            moment(one["finished"]),
            f"{line(one['component'])}\n{line(one['environment'])}",
            Text("\n").join(what(one)),
            outcome.append(f"\n{took}", style="dim"),
        )
    return shown


def what(one: Deployment) -> Iterator[Text]:
    yield Text(line(f"{one['action'].replace('-', ' ')} {moved(one)}"), style="bold")
    yield Text(line(f"{one['owner']}: {one['reason']}" if one["reason"] else one["owner"]))
    if one["despite"]:
        yield Text(f"❄ despite the freeze: {line(one['despite'])}", style="cyan")
    if one["outcome"] in ("failed", "refused"):
        yield Text(f"✗ {line(one['said'])}", style=COLOURS[one["outcome"]])


def moved(one: Deployment) -> str:
    """From which release to which."""
    before, after = one["before"], one["digest"]
    if not after:
        return ""
    start = f"{short(before)} → " if before and before != after else ""
    return f"{start}{short(after)} {one['release']}"
