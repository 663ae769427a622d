"""`slipway status`: the board, in a terminal."""

from collections.abc import Iterator

import click
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from cli.options import answering
from cli.output import Output
from cli.places import row
from cli.server import Server
from cli.shapes import Board, Cell, Column, Health, Row, Running
from cli.words import ago, duration, frozen, line, named, plural, seconds


@click.command()
@click.argument("component", required=False)
@answering
def status(server: Server, output: Output, component: str | None) -> None:
    """What runs where, and what waits to be promoted."""
    board = server.board()
    if component:
        board = {**board, "rows": [row(board, component)]}
    output.answer(board, table(board), *notes(board), summary(board))


def notes(board: Board) -> Iterator[Text]:
    """What is wrong or stands against everything, a sentence each."""
    for one in board["rows"]:
        if one["problem"]:
            said = line(one["problem"]["said"])
            yield Text(f"⚠ {one['component']} cannot be built: {said}", style="red")
    for column in board["columns"]:
        if column["freeze"]:
            yield Text(f"❄ {column['name']} is {frozen(column['freeze'])}", style="cyan")
        if column["stopped"]:
            yield Text(f"✗ {column['name']}: {line(column['stopped']['said'])}", style="red")
            yield Text(f"  slipway return --in {column['name']} takes back what it moved")


def table(board: Board) -> Table:
    shown = Table("Component", box=SIMPLE_HEAD, pad_edge=False)
    for column in board["columns"]:
        shown.add_column(heading(column, board["now"]), overflow="fold")
    for one in board["rows"]:
        cells = zip(one["cells"], board["columns"], strict=True)
        texts = (text(cell, column, board["now"]) for cell, column in cells)
        shown.add_row(component(one, board["now"]), *texts)
    return shown


def heading(column: Column, now: str) -> Text:
    lines = [Text(column["name"], style="bold")]
    if column["two_person"]:
        lines.append(Text("two people"))
    if column["running"]:
        lines.append(at_work(column["running"], now))
    return Text("\n").join(lines)


def component(row: Row, now: str) -> Text:
    lines = [Text(row["component"], style="bold")]
    if row["building"]:
        lines.append(at_work(row["building"], now))
    return Text("\n").join(lines)


def text(cell: Cell, column: Column, now: str) -> Text:
    """One cell, as lines."""
    live, waiting = cell["live"], cell["waiting"]
    lines = [Text("nothing yet", style="dim")]
    if live:
        same = " ✓ same" if column["promotes_from"] and not waiting else ""
        lines = [Text.assemble(health(cell["health"]), " ", named(live), (same, "green"))]
        lines.append(Text(f"{ago(live['since'], now)} by {line(live['owner'])}", style="dim"))
    if cell["hold"]:
        lines.append(Text(f"■ on hold by {line(cell['hold']['said'])}", style="yellow"))
    if cell["running"]:
        lines.append(at_work(cell["running"], now))
    elif cell["queued"]:
        lines.append(Text(f"{plural(cell['queued'], 'request')} waiting"))
    if cell["failed"] and not cell["running"]:
        lines.append(Text(f"✗ {line(cell['failed']['said'])}", style="red"))
    if waiting:
        lines.append(Text(f"⇧ {named(waiting)} waits", style="bold yellow"))
        if cell["blocked_by"] and not (cell["hold"] or column["freeze"]):
            lines.append(Text(f"  {line(cell['blocked_by'])}", style="yellow"))
        if cell["approvals"]:
            lines.append(Text(f"  approved by {line(', '.join(cell['approvals']))}"))
    return Text("\n").join(lines)


def health(found: Health | None) -> Text:
    if not found:
        return Text("○", style="dim")
    if found["well"]:
        return Text("●", style="green")
    return Text(f"✖ {line(found['said'])}", style="bold red")


def at_work(running: Running, now: str) -> Text:
    passed = seconds(running["started"], now)
    words = f"▶ {running['action'] or 'build'}: {running['step'] or 'waits'}"
    if running["worker"]:
        words += f" on {running['worker']}"
    if running["seconds"]:
        left = running["seconds"] - passed
        words += f", about {duration(left)} left" if left > 0 else ", any moment"
    return Text(line(words), style="blue")


def summary(board: Board) -> Text:
    """Whether anything waits at all, in one line."""
    waits = []
    for at, column in enumerate(board["columns"]):
        count = sum(1 for one in board["rows"] if one["cells"][at]["waiting"])
        if count:
            verb = "waits" if count == 1 else "wait"
            waits.append(f"{plural(count, 'release')} {verb} for {column['name']}")
    if waits:
        return Text("⇧ " + ", ".join(waits), style="yellow")
    return Text("✓ Everything is the same everywhere", style="green")
