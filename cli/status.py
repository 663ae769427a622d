"""`slipway status`: the board, in a terminal."""

from collections.abc import Iterator

import click
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from cli.answers import Board, Cell, Column, Health, Row, Running
from cli.board import find_row
from cli.master_client import Client
from cli.options import with_client
from cli.output import Output
from cli.words import (
    ago,
    duration,
    freeze_sentence,
    one_line,
    plural,
    release_name,
    seconds_between,
)


@click.command()
@click.argument("component", required=False)
@with_client
def status(client: Client, output: Output, component: str | None) -> None:
    """What runs where, and what waits to be promoted."""
    board = client.board()
    if component:
        board = {**board, "rows": [find_row(board, component)]}
    output.answer(board, table(board), *problems(board), summary(board))


def problems(board: Board) -> Iterator[Text]:
    """What is wrong or blocks every promotion, a sentence each."""
    for warning in board["disk_warnings"]:
        yield Text(f"⚠ {one_line(warning)}", style="red")
    for row in board["rows"]:
        if row["problem"]:
            message = one_line(row["problem"]["message"])
            yield Text(f"⚠ {row['component']} cannot be built: {message}", style="red")
    for column in board["columns"]:
        name = column["name"]
        if column["freeze"]:
            yield Text(f"❄ {name} is {freeze_sentence(column['freeze'])}", style="cyan")
        if column["interrupted"]:
            message = one_line(column["interrupted"]["message"])
            yield Text(f"✗ {name}: {message}", style="red")
            yield Text(f"  slipway revert --in {name} rolls back what it moved")


def table(board: Board) -> Table:
    result = Table("Component", box=SIMPLE_HEAD, pad_edge=False)
    for column in board["columns"]:
        result.add_column(column_head(column, board["now"]), overflow="fold")
    for row in board["rows"]:
        cells = zip(row["cells"], board["columns"], strict=True)
        texts = (cell_text(cell, column, board["now"]) for cell, column in cells)
        result.add_row(row_head(row, board["now"]), *texts)
    return result


def column_head(column: Column, now: str) -> Text:
    lines = [Text(column["name"], style="bold")]
    if column["two_person"]:
        lines.append(Text("approval required"))
    if column["running"]:
        lines.append(running_text(column["running"], now))
    return Text("\n").join(lines)


def row_head(row: Row, now: str) -> Text:
    lines = [Text(row["component"], style="bold")]
    if row["building"]:
        lines.append(running_text(row["building"], now))
    return Text("\n").join(lines)


def cell_text(cell: Cell, column: Column, now: str) -> Text:
    return Text("\n").join([*live_lines(cell, column, now), *waiting_lines(cell, column, now)])


def live_lines(cell: Cell, column: Column, now: str) -> Iterator[Text]:
    live = cell["live"]
    if not live:
        yield Text("nothing yet", style="dim")
    else:
        in_sync = " ✓ in sync" if column["promotes_from"] and not cell["waiting"] else ""
        name = release_name(live)
        yield Text.assemble(health_text(cell["health"], now), " ", name, (in_sync, "green"))
        yield Text(f"{ago(live['since'], now)} by {one_line(live['owner'])}", style="dim")
    if cell["hold"]:
        yield Text(f"■ on hold by {one_line(cell['hold']['message'])}", style="yellow")


def waiting_lines(cell: Cell, column: Column, now: str) -> Iterator[Text]:
    waiting = cell["waiting"]
    if cell["running"]:
        yield running_text(cell["running"], now)
    elif cell["queued"]:
        yield Text(f"{plural(cell['queued'], 'request')} waiting")
    if cell["failed"] and not cell["running"]:
        yield Text(f"✗ {one_line(cell['failed']['message'])}", style="red")
    if not waiting:
        return
    yield Text(f"⇧ {release_name(waiting)} waits", style="bold yellow")
    if cell["blocked_by"] and not (cell["hold"] or column["freeze"]):
        yield Text(f"  {one_line(cell['blocked_by'])}", style="yellow")
    if cell["approvals"]:
        yield Text(f"  approved by {one_line(', '.join(cell['approvals']))}")


def health_text(health: Health | None, now: str) -> Text:
    if not health:
        return Text("○", style="dim")
    if health["healthy"]:
        return Text("●", style="green")
    if health["healthy"] is None:
        age = f", last known {ago(health['when'], now)}" if health["when"] else ""
        return Text(f"○ health unknown{age}: {one_line(health['message'])}", style="yellow")
    return Text(f"✖ {one_line(health['message'])}", style="bold red")


def running_text(running: Running, now: str) -> Text:
    text = f"▶ {running['action'] or 'build'}: {running['step'] or 'waits'}"
    if running["worker"]:
        text += f" on {running['worker']}"
    if running["seconds"]:
        remaining = running["seconds"] - seconds_between(running["started"], now)
        text += f", about {duration(remaining)} left" if remaining > 0 else ", finishing"
    return Text(one_line(text), style="blue")


def summary(board: Board) -> Text:
    """Whether anything waits, in one line."""
    waiting = []
    for index, column in enumerate(board["columns"]):
        count = sum(1 for row in board["rows"] if row["cells"][index]["waiting"])
        if count:
            verb = "waits" if count == 1 else "wait"
            waiting.append(f"{plural(count, 'release')} {verb} for {column['name']}")
    if waiting:
        return Text("⇧ " + ", ".join(waiting), style="yellow")
    return Text("✓ All environments are in sync", style="green")
